// The one small window beside the pointer: values of charts, and what words mean.

/** @import { TextAt } from "./types.js" */

const APART = 14;

export class Tip {
  /** What the text shown is about. @type {Element | undefined} */
  owner;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.element = document.createElement("div");
    this.element.className = "tip";
    this.element.hidden = true;
    root.append(this.element);
    root.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
  }

  /**
   * Show a text beside a place of the window, for an element.
   * @param {Element} owner
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  show(owner, text, x, y) {
    this.owner = owner;
    this.element.hidden = false;
    this.element.textContent = text;
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(x + APART, document.documentElement.clientWidth - width - 4);
    const above = y + APART + height > innerHeight;
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${above ? y - APART - height : y + APART}px`;
  }

  /** Hide what an element has shown, or whoever has. @param {Element | undefined} owner */
  hide(owner = this.owner) {
    if (owner === this.owner) this.element.hidden = true;
  }

  /**
   * Show, over an element, what `textAt(x, y)` says of a place in it; nothing where it says null.
   * @param {HTMLElement} element
   * @param {TextAt} textAt
   */
  follow(element, textAt) {
    /** @param {PointerEvent} event */
    const show = ({ offsetX, offsetY, clientX, clientY }) => {
      const text = textAt(offsetX, offsetY);
      if (text) this.show(element, text, clientX, clientY);
      else this.hide(element);
    };
    element.addEventListener("pointermove", show);
    element.addEventListener("pointerdown", show);
    element.addEventListener("pointerleave", () => this.hide(element));
  }

  /**
   * Let a word explain itself, to the pointer and to the keyboard.
   * @param {HTMLElement} element
   * @param {string} text
   */
  explain(element, text) {
    const show = () => {
      const { left, bottom } = element.getBoundingClientRect();
      this.show(element, text, left - APART, bottom - APART / 2);
    };
    for (const type of ["pointerenter", "focus", "click"]) element.addEventListener(type, show);
    for (const type of ["pointerleave", "blur"]) element.addEventListener(type, () => this.hide(element));
  }
}

// "What am I seeing?": numbers on the parts of the page, and a sentence for each.

/** @import { LivePage } from "./main.js" */

import { part } from "./dom.js";
import { GAP, TOP } from "./lane_layout.js";
import { say } from "./texts.js";

const PARTS = /** @type {const} */ (["comparison", "strip", "attention", "input", "costs", "settings"]);

const BEFORE = 14;

/** The sentences, in the order of the numbers. */
export const explanation = () => `<ol>${PARTS.map((name) => `<li>${say(`explain_${name}`)}</li>`).join("")}</ol>`;

export class Explaining {
  /** @param {Pick<LivePage, "root" | "byId" | "board">} page */
  constructor(page) {
    this.page = page;
    page.byId("what").addEventListener("click", () => this.show(!this.on));
  }

  get on() {
    return !this.page.byId("explanation").hidden;
  }

  /** @param {boolean} on */
  show(on) {
    this.page.byId("explanation").hidden = !on;
    this.page.byId("what").setAttribute("aria-expanded", String(on));
    this.point();
  }

  /** Put the numbers where the parts are now; none where nothing is explained. Called a few times a second. */
  point() {
    const { root, byId } = this.page;
    const from = root.getBoundingClientRect();
    const marks = this.on ? this.corners() : [];
    byId("pointers").replaceChildren(...marks.map(({ left, top }, at) => {
      const mark = document.createElement("span");
      Object.assign(mark, { className: "pointer", textContent: String(at + 1) });
      Object.assign(mark.style, { left: `${left - from.left}px`, top: `${top - from.top}px` });
      return mark;
    }));
  }

  /** The upper left corner of each part: those of a lane are the first one's. */
  corners() {
    const { byId, board: { inOrder: [panel] } } = this.page;
    if (!panel) return [];
    const { view, element } = panel;
    const { left, top } = view.canvas.getBoundingClientRect();
    const { strip, bars } = view.layout.bottoms;
    /** @param {number} y */
    const inChart = (y) => ({ left: left + view.zoom * view.labelsWidth, top: top + view.zoom * y });
    /** Before what begins with words. @param {HTMLElement} element */
    const before = (element) => {
      const { left: x, top: y } = element.getBoundingClientRect();
      return { left: x - BEFORE, top: y };
    };
    return [
      before(byId("summary")),
      inChart(TOP),
      inChart(strip + GAP),
      inChart(bars),
      before(part(element, ".costs")),
      before(byId("more")),
    ];
  }
}

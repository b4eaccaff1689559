// "That was wrong": a place of the stream is taken as an example of a label that the visitor chooses.

/** @import { CorrectionMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { openPage } from "./app_links.js";
import { decimal, words } from "./format.js";
import { say } from "./texts.js";

// A word or a sign is about as long as that.
const STRETCH_S = 0.56;

export class Correcting {
  /** The last token of what is to be corrected. */
  token = 0;
  /** Corrections since the page was opened. */
  count = 0;
  /** What had the focus before the question. @type {HTMLElement | null | undefined} */
  before;

  /** @param {Pick<LivePage, "root" | "byId" | "board" | "socket" | "task" | "token" | "notice" | "offer">} page */
  constructor(page) {
    this.page = page;
    this.element = page.byId("correct");
    page.byId("wrong").addEventListener("click", () => { if (page.token) this.ask(page.token.token); });
    page.root.addEventListener("click", (event) => this.pointAt(event));
  }

  /** A click on a lane's strip asks what there was. @param {MouseEvent} event */
  pointAt({ target, offsetX, offsetY }) {
    const panel = this.page.board.inOrder.find(({ view }) => view.canvas === target);
    const token = panel?.view.tokenAt(offsetX, offsetY);
    // What was pointed at is the middle.
    if (token) this.ask(token + Math.floor(this.tokens / 2));
  }

  /** So many tokens are taken. */
  get tokens() {
    return Math.max(1, Math.round(STRETCH_S / (this.page.task?.hop_s ?? STRETCH_S)));
  }

  /** Ask for the label of the tokens up to this one. @param {number} token */
  ask(token) {
    const { task, token: newest } = this.page;
    if (!task || !newest) return;
    this.token = Math.min(token, newest.token);
    const ago = say("correct_ago", { seconds: decimal((newest.token - this.token) * task.hop_s, 1) });
    const question = document.createElement("p");
    question.textContent = `${say("correct_question")} ${ago}`;
    const buttons = task.labels.map((label, place) => this.button(place ? words(label) : say("no_class"), () => this.send(place)));
    this.element.replaceChildren(question, ...buttons, this.button(say("cancel"), () => this.close()));
    if (this.element.hidden) this.before = this.focused;
    this.element.hidden = false;
    buttons[1]?.focus();
  }

  /** @param {string} text @param {() => void} press */
  button(text, press) {
    const button = document.createElement("button");
    return Object.assign(button, { type: "button", textContent: text, onclick: press });
  }

  /** @param {number} label */
  send(label) {
    this.page.socket.send({ type: "correct", label, token: this.token, tokens: this.tokens });
    this.close();
  }

  /** What has the focus. @returns {HTMLElement | null} */
  get focused() {
    const { activeElement } = /** @type {ShadowRoot} */ (this.element.getRootNode());
    return /** @type {HTMLElement | null} */ (activeElement);
  }

  close() {
    // At once: a hidden button keeps the focus, and with it the keys, up to the next picture.
    this.focused?.blur();
    this.before?.focus();
    this.element.hidden = true;
  }

  /** The server has it: mark it in every lane, and say where it is learned. @param {CorrectionMessage} correction */
  take({ label, token }) {
    const { board, notice, offer, task } = this.page;
    const named = label ? words(task?.labels[label] ?? "") : say("no_class");
    for (const { view } of board.inOrder) view.note(say("corrected_to", { label: named }), token);
    this.count += 1;
    notice.call(this.page, say("corrected", { count: this.count }));
    offer.call(this.page, say("to_teach"), () => openPage("teach"));
  }
}

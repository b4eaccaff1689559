// The button that records the session: whether it does, and for how long it has.

/** @import { RecordingMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { openPage } from "./app_links.js";
import { say } from "./texts.js";

export class RecordButton {
  /** When the recording began. @type {number | null} */
  since = null;

  /** @param {HTMLButtonElement} element @param {Pick<LivePage, "socket" | "notice" | "offer">} page */
  constructor(element, page) {
    this.element = element;
    this.page = page;
    element.addEventListener("click", () => page.socket.send({ type: "record", on: this.since === null }));
    this.draw();
  }

  /** Seconds recorded so far as the settings say them; null is none. @param {number | null} seconds */
  show(seconds) {
    if (seconds === null) this.end();
    else this.since = performance.now() - 1000 * seconds;
    this.draw();
  }

  /**
   * The server says that a recording has begun, or has ended, and why if nobody asked for that.
   * @param {RecordingMessage} message
   */
  take({ running, message, remedy }) {
    if (running) this.since = performance.now();
    else this.end(message && `${message} ${remedy}`);
    this.draw();
  }

  /** @param {string} why */
  end(why = "") {
    if (this.since !== null || why) this.page.notice(why || say("recorded", { time: this.time }));
    if (this.since !== null) this.page.offer(say("open_recording"), () => openPage("sessions"));
    this.since = null;
  }

  get time() {
    const seconds = Math.floor((performance.now() - (this.since ?? performance.now())) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  /** The time moves on; the name of the button says what a press does. */
  draw() {
    const running = this.since !== null;
    this.element.textContent = running ? `${say("record_stop")} ${this.time}` : say("record");
    this.element.classList.toggle("recording", running);
  }
}

// From "rarely wrong" to "misses nothing": from which probability on a label is an event.

/** @import { OperatingPoint, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { readAddress, writeAddress } from "./address.js";
import { decimal } from "./format.js";
import { say } from "./texts.js";

const NAME = "enter";

/** The place of the point whose probability is nearest. @param {{enter: number}[]} points @param {number} enter */
export function nearest(points, enter) {
  const apart = points.map((point) => Math.abs(point.enter - enter));
  return apart.indexOf(Math.min(...apart));
}

/** The probability that the address asks for, or null. */
export function readEnter() {
  const enter = Number(readAddress(NAME));
  return enter > 0 && enter <= 1 ? enter : null;
}

/** What was measured at a point, in words. @param {OperatingPoint} point */
export const pointText = ({ found, false_per_minute: wrong }) =>
  say("sensitivity_point", { found: decimal(100 * found, 0), wrong: decimal(wrong, 1) });

/** The slider of a task whose card has measured such points. */
export class Sensitivity {
  /** @type {OperatingPoint[]} */
  points = [];
  /** The task's own place. */
  initial = 0;

  /** @param {Pick<LivePage, "byId" | "hello" | "socket" | "followed">} page */
  constructor(page) {
    this.page = page;
    this.slider = page.byId("sensitivity");
    this.output = page.byId("sensitivity-value");
    this.slider.addEventListener("input", () => {
      if (page.hello) this.choose(this.points[Number(this.slider.value)].enter);
    });
  }

  /** Show the slider of this task, or none. @param {Task} task */
  setTask({ enter, sensitivity }) {
    this.points = sensitivity;
    this.initial = enter;
    /** @type {HTMLElement} */ (this.slider.parentElement).hidden = !this.points.length;
    this.slider.max = String(this.points.length - 1);
  }

  /** Let labels be events from this probability on, where the task has such points. @param {number} enter */
  choose(enter) {
    if (!this.points.length) return;
    this.page.socket.send({ type: "sensitivity", enter });
    this.tell(enter);
  }

  /** Show where the server is; null is the task's own place. @param {number | null} enter */
  show(enter) {
    if (!this.points.length) return;
    const at = nearest(this.points, enter ?? this.initial);
    if (this.page.followed.put(this.slider, at)) this.tell(enter ?? this.initial);
  }

  /** @param {number} enter */
  tell(enter) {
    this.output.textContent = pointText(this.points[nearest(this.points, enter)]);
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    writeAddress(NAME, enter, this.initial);
  }
}

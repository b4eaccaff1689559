// From "rarely wrong" to "misses nothing": from which probability on a label is an event.

import { readAddress, writeAddress } from "./address.js";
import { decimal } from "./format.js";
import { say } from "./texts.js";

const NAME = "enter";

/** The place of the point whose probability is nearest. */
export function nearest(points, enter) {
  const apart = points.map((point) => Math.abs(point.enter - enter));
  return apart.indexOf(Math.min(...apart));
}

/** The probability that the address asks for: {enter}, or null. */
export function readEnter() {
  const enter = Number(readAddress(NAME));
  return enter > 0 && enter <= 1 ? { enter } : null;
}

/** What was measured at a point, in words. */
export const pointText = ({ found, false_per_minute: wrong }) =>
  say("sensitivity_point", { found: decimal(100 * found, 0), wrong: decimal(wrong, 1) });

/** The slider of a task whose card has measured such points. */
export class Sensitivity {
  constructor(page) {
    this.page = page;
    this.slider = page.byId("sensitivity");
    this.output = page.byId("sensitivity-value");
    this.slider.addEventListener("input", () => page.hello && this.choose(this.points[this.slider.value]));
  }

  /** Show the slider of this task, or none. */
  setTask(task) {
    this.task = task;
    this.points = task.sensitivity;
    this.slider.parentElement.hidden = !this.points.length;
    this.slider.max = this.points.length - 1;
  }

  /** Let labels be events from this probability on, where the task has such points. */
  choose({ enter }) {
    if (!this.points.length) return;
    this.page.socket.send({ type: "sensitivity", enter });
    this.tell(enter);
  }

  /** Show where the server is; null is the task's own place. */
  show(enter) {
    if (!this.points.length) return;
    const at = nearest(this.points, enter ?? this.task.enter);
    if (this.page.followed.put(this.slider, at)) this.tell(enter ?? this.task.enter);
  }

  tell(enter) {
    this.output.textContent = pointText(this.points[nearest(this.points, enter)]);
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    writeAddress(NAME, enter, this.task.enter);
  }
}

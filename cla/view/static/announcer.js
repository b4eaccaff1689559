// Says the newest events to screen readers: one sentence for all lanes, and not too often.

import { say } from "./texts.js";

const PAUSE_MS = 2000;

export class Announcer {
  /** What each lane has recognized since the last sentence. @type {Map<string, string>} */
  waiting;
  spokenMs = -PAUSE_MS;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.reset();
  }

  reset() {
    this.waiting = new Map();
    this.spokenMs = -PAUSE_MS;
    this.element.textContent = "";
  }

  /** A lane has recognized something. @param {string} lane @param {string} label */
  hear(lane, label) {
    this.waiting.set(lane, label);
  }

  /** Speak what has come since, once the last sentence has had its time. @param {number} numLanes */
  refresh(numLanes) {
    const now = performance.now();
    if (!this.waiting.size || now - this.spokenMs < PAUSE_MS) return;
    const labels = new Set(this.waiting.values());
    const all = labels.size === 1 && this.waiting.size === numLanes;
    this.element.textContent = all
      ? say("all_lanes", { label: [...labels][0] })
      : [...this.waiting].map(([lane, label]) => `${lane}: ${label}`).join(". ");
    this.waiting.clear();
    this.spokenMs = now;
  }
}

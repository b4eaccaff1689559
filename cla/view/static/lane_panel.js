// One lane on the page: what it says, its canvas, its cost.

/** @import { Lane, LaneRecord, Table, Tables, Task } from "./types.js" */
/** @import { InputTrack } from "./input_track.js" */
/** @import { Tip } from "./tip.js" */

import { BestGuess } from "./best_guess.js";
import { byTestId, part } from "./dom.js";
import { compact, counted, decimal, words } from "./format.js";
import { laneMarkup } from "./lane_controls.js";
import { LaneView } from "./lane_view.js";
import { swatch } from "./looks.js";
import { MapView } from "./map_view.js";
import { keep, percentile } from "./numbers.js";
import { say } from "./texts.js";

const KEPT_TIMES = 500;
const KEPT_EVENTS = 24;
const WARM_UP = 5;

export class LanePanel {
  /** Milliseconds of the newest steps. @type {number[]} */
  times;
  /** The newest events in words. @type {string[]} */
  events;
  /** @type {LaneRecord | null} */
  record;
  /** Tokens taken, of which the first are slower. */
  taken = 0;
  window = 0;
  /** Whether its landmarks stand for no stretch of time. */
  fixed = false;

  /**
   * @param {Lane} lane
   * @param {number} at its place
   * @param {Task} task
   * @param {{track: InputTrack, tip: Tip}} shared what it has in common with the others
   */
  constructor({ name, kind }, at, task, { track, tip }) {
    this.lane = name;
    this.task = task;
    this.guess = new BestGuess(task.hop_s);
    const title = say(`lane_${kind}`);
    this.element = document.createElement("section");
    this.element.className = "lane";
    this.element.dataset.testid = `lane-${name}`;
    this.element.setAttribute("aria-label", `${at + 1}: ${title}`);
    this.element.innerHTML = `
      <header><div><h3><span class="number">${at + 1}</span> ${title} <span class="look"></span></h3>
        <p class="does"></p></div>
        <output class="label" aria-live="off" data-testid="label-${name}">–</output></header>
      <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
      <div class="facts">
      <dl>
        <div><dt>${say("ops")}</dt><dd data-value="ops" data-testid="ops-${name}">–</dd></div>
        <div><dt>${say("total")}</dt><dd data-value="total" data-testid="total-${name}">–</dd></div>
        <div><dt>${say("time")}</dt><dd data-value="time">–</dd></div>
      </dl>
      <p class="transcript" data-testid="transcript-${name}"></p>
      ${laneMarkup()}
      <div class="factors" hidden data-testid="factors-${name}"></div>
      </div>`;
    /** @type {HTMLCanvasElement} */
    const canvas = part(this.element, "canvas");
    this.view = new LaneView(canvas, task.labels.map(words), task.window, task.hop_s, track);
    this.map = new MapView(byTestId(this.element, `factors-${name}`), task.hop_s, tip);
    this.label = byTestId(this.element, `label-${name}`);
    this.transcript = byTestId(this.element, `transcript-${name}`);
    this.does = part(this.element, ".does");
    this.doing = say(`lane_${kind}_does`);
    tip.follow(canvas, (x, y) => this.view.at(x, y));
    this.reset();
  }

  /** Take what the lane runs now. @param {Lane} lane */
  show(lane) {
    this.fixed = Boolean(lane.num_landmarks) && lane.landmark_mode === "fixed";
    this.window = lane.window ?? this.task.window;
    part(this.element, ".look").innerHTML = swatch(lane);
  }

  /** The lane that keys act on. @param {boolean} selected */
  select(selected) {
    this.element.classList.toggle("selected", selected);
    this.element.setAttribute("aria-current", String(selected));
  }

  reset() {
    this.view.reset();
    this.map.clear();
    this.guess.reset();
    this.times = [];
    this.events = [];
    this.taken = 0;
    this.record = null;
    this.label.textContent = "–";
    this.transcript.textContent = "";
    this.does.textContent = this.doing;
    for (const cell of this.element.querySelectorAll("dd")) cell.textContent = "–";
  }

  /**
   * Take one token's record of this lane.
   * @param {number} token
   * @param {LaneRecord} record
   * @param {Tables} arrays
   */
  push(token, record, arrays) {
    this.record = record;
    /** @param {string} name @returns {Table | undefined} */
    const of = (name) => arrays[`${this.lane}/${name}`];
    const probabilities = arrays[`${this.lane}/probabilities`].data;
    this.guess.push(probabilities);
    this.view.push(token, record, probabilities, of("attention"), of("stretches"));
    if (this.taken++ >= WARM_UP) keep(this.times, record.compute_ms, KEPT_TIMES);
    if (record.event) {
      keep(this.events, words(record.event.label), KEPT_EVENTS);
      this.transcript.textContent = this.events.join(" · ");
      // Its place stays as it is; the newest words are in it.
      this.transcript.scrollTop = this.transcript.scrollHeight;
    }
  }

  /** Refresh the numbers; called a few times a second. @param {Lane} count the operations by formula */
  refresh(count) {
    if (!this.record) return;
    const { label, ops, total_ops: total, valid_tokens: valid } = this.record;
    const nothing = label === this.task.labels[0];
    const guess = nothing ? this.guess.place : 0;
    this.label.textContent = guess ? `${words(this.task.labels[guess])}?` : nothing ? "–" : words(label);
    this.label.classList.toggle("active", !nothing);
    this.label.classList.toggle("guess", guess > 0);
    const cell = part(this.element, "[data-value=ops]");
    cell.textContent = counted(ops);
    cell.title = count.average === null ? say("ops_not_counted")
      : say("ops_help", { average: counted(count.average), published: counted(count.published) });
    part(this.element, "[data-value=total]").textContent = total === null ? "–" : compact(total);
    if (this.times.length) {
      const [median, p95] = [0.5, 0.95].map((share) => decimal(percentile(this.times, share), 2));
      part(this.element, "[data-value=time]").textContent = `${median} (${p95}) ms`;
    }
    this.does.textContent = valid >= this.window ? this.doing : say("warm_up", { valid, window: this.window });
  }
}

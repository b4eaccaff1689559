// One lane on the page: what it says, its canvas, its cost.

import { compact, decimal, integer, percentile, words } from "./format.js";
import { laneMarkup } from "./lane_controls.js";
import { LaneView } from "./lane_view.js";
import { swatch } from "./looks.js";
import { MapView } from "./map_view.js";
import { say } from "./texts.js";

const KEPT_TIMES = 500;
const KEPT_EVENTS = 24;
const WARM_UP = 5;

export class LanePanel {
  /** `lane` is {name, kind, ...}, `at` its place, `task` {labels, window, hop_s, ...}; `board` holds it. */
  constructor(lane, at, task, board) {
    const { name, kind } = lane;
    Object.assign(this, { lane: name, task });
    const title = say(`lane_${kind}`);
    this.element = document.createElement("section");
    this.element.className = "lane";
    this.element.dataset.testid = `lane-${name}`;
    this.element.setAttribute("aria-label", `${at + 1}: ${title}`);
    this.element.innerHTML = `
      <header><div><h3><span class="number">${at + 1}</span> ${title} <span class="look"></span></h3>
        <p>${say(`lane_${kind}_does`)}</p></div>
        <output class="label" aria-live="off" data-testid="label-${name}">–</output></header>
      ${laneMarkup()}
      <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
      <div>
      <p class="warm-up" hidden></p>
      <dl>
        <div><dt>${say("ops")}</dt><dd data-value="ops" data-testid="ops-${name}">–</dd></div>
        <div><dt>${say("total")}</dt><dd data-value="total" data-testid="total-${name}">–</dd></div>
        <div><dt>${say("time")}</dt><dd data-value="time">–</dd></div>
      </dl>
      <p class="transcript" data-testid="transcript-${name}"></p>
      <div class="factors" hidden data-testid="factors-${name}"></div>
      </div>`;
    this.find = (selector) => this.element.querySelector(selector);
    this.view = new LaneView(this.find("canvas"), task.labels.map(words), task.window, task.hop_s, board.track);
    this.map = new MapView(this.find(".factors"), task.hop_s, board.tip);
    board.tip.follow(this.find("canvas"), (x, y) => this.view.at(x, y));
    this.element.addEventListener("pointerdown", () => board.select(at));
    this.reset();
  }

  /** Take what the lane runs now. */
  show(lane) {
    this.fixed = Boolean(lane.num_landmarks) && lane.landmark_mode === "fixed";
    this.window = lane.window ?? this.task.window;
    this.find(".look").innerHTML = swatch(lane);
  }

  /** The lane that keys act on. */
  select(selected) {
    this.element.classList.toggle("selected", selected);
    this.element.setAttribute("aria-current", String(selected));
  }

  reset() {
    this.view.reset();
    this.map.clear();
    this.times = [];
    this.events = [];
    this.skipped = 0;
    this.record = null;
    this.find(".label").textContent = "–";
    this.find(".transcript").textContent = "";
    this.find(".warm-up").hidden = true;
    for (const cell of this.element.querySelectorAll("dd")) cell.textContent = "–";
  }

  /** Take one token's record of this lane. */
  push(token, record, arrays) {
    this.record = record;
    const of = (name) => arrays[`${this.lane}/${name}`];
    this.view.push(token, record, of("probabilities"), of("attention"), of("stretches"));
    if (this.skipped++ >= WARM_UP) this.times.push(record.compute_ms);
    if (this.times.length > KEPT_TIMES) this.times.shift();
    if (record.event) {
      this.events.push(words(record.event.label));
      if (this.events.length > KEPT_EVENTS) this.events.shift();
      this.find(".transcript").textContent = this.events.join(" · ");
    }
  }

  /** Refresh the numbers; called a few times a second. `count` is the operations by formula. */
  refresh(count) {
    if (!this.record) return;
    const { label, ops, total_ops: total, valid_tokens: valid } = this.record;
    const shown = this.find(".label");
    const nothing = label === this.task.labels[0];
    shown.textContent = nothing ? "–" : words(label);
    shown.classList.toggle("active", !nothing);
    const cell = this.find('[data-value="ops"]');
    cell.textContent = integer(ops);
    cell.title = say("ops_help", { average: integer(count.average), published: count.published === null ? "–" : integer(count.published) });
    this.find('[data-value="total"]').textContent = compact(total);
    if (this.times.length) {
      const [median, p95] = [0.5, 0.95].map((share) => decimal(percentile(this.times, share), 2));
      this.find('[data-value="time"]').textContent = `${median} (${p95}) ms`;
    }
    const warmUp = this.find(".warm-up");
    warmUp.hidden = valid >= this.window;
    warmUp.textContent = say("warm_up", { valid, window: this.window });
  }
}

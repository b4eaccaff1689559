// One lane on the page: what it says, its canvas, its cost.

/** @import { Lane, LaneRecord, Table, Tables, Task } from "./types.js" */
/** @import { InputTrack } from "./input_track.js" */
/** @import { Cost } from "./lane_costs.js" */
/** @import { SeenToken } from "./lane_view.js" */
/** @import { Tip } from "./tip.js" */

import { BestGuess } from "./best_guess.js";
import { part } from "./dom.js";
import { compact, counted, integer, words } from "./format.js";
import { costOf, milliseconds, showCosts } from "./lane_costs.js";
import { panelMarkup } from "./lane_markup.js";
import { LaneView } from "./lane_view.js";
import { lookOf, swatch } from "./looks.js";
import { MapView } from "./map_view.js";
import { keep, percentile, steady } from "./numbers.js";
import { say } from "./texts.js";
import { Course } from "./totals_view.js";

const KEPT_TIMES = 500;
const KEPT_EVENTS = 24;
const WARM_UP = 5;
// Parts whose test ids end in the lane's name, which may change.
const NAMED = ["label", "ops", "total", "transcript", "factors"];

/** @typedef {SeenToken & {record?: LaneRecord}} HeardToken a token's past has no record */

let panels = 0;

export class LanePanel {
  /** What tells it from all others, whatever its lane is called. */
  key = panels++;
  name = "";
  /** Milliseconds of the newest steps. @type {number[]} */
  times;
  /** Milliseconds that showing their attention took. @type {number[]} */
  showing;
  /** Operations since the start, or since it joined. */
  totals = new Course();
  /** The newest events in words. @type {string[]} */
  events;
  /** @type {LaneRecord | null} */
  record;
  /** Operations of the newest token that it answered. @type {number | null} */
  ops = null;
  /** Tokens taken, of which the first are slower. */
  taken = 0;
  window = 0;
  /** Whether its landmarks stand for no stretch of time. */
  fixed = false;

  /**
   * @param {Lane} lane
   * @param {Task} task
   * @param {{track: InputTrack, tip: Tip}} shared what it has in common with the others
   */
  constructor({ kind }, task, { track, tip }) {
    this.task = task;
    this.guess = new BestGuess(task.hop_s);
    this.title = say(`lane_${kind}`);
    this.element = document.createElement("section");
    this.element.className = "lane";
    this.element.innerHTML = panelMarkup(this.title);
    /** @type {HTMLCanvasElement} */
    const canvas = part(this.element, "canvas");
    this.view = new LaneView(canvas, task.labels, task.window, task.hop_s, track);
    this.map = new MapView(this.part("factors"), task.hop_s, tip);
    this.label = this.part("label");
    this.transcript = this.part("transcript");
    this.does = part(this.element, ".does");
    this.doing = say(`lane_${kind}_does`);
    tip.follow(canvas, (x, y) => this.view.at(x, y));
    this.reset();
  }

  /** @param {string} name */
  part(name) {
    return part(this.element, `[data-part=${name}]`);
  }

  /** Take what the lane runs now, and its place. @param {Lane} lane @param {number} at */
  show(lane, at) {
    this.name = lane.name;
    this.element.dataset.testid = `lane-${lane.name}`;
    for (const name of NAMED) this.part(name).dataset.testid = `${name}-${lane.name}`;
    part(this.element, ".number").textContent = String(at + 1);
    this.element.setAttribute("aria-label", `${at + 1}: ${this.title}`);
    this.fixed = Boolean(lane.num_landmarks) && lane.landmark_mode === "fixed";
    const window = lane.window ?? this.task.window;
    // Times of another window are no measure of this one.
    if (this.window !== window) this.forgetTimes();
    this.window = window;
    part(this.element, ".look").innerHTML = swatch(lane);
    this.element.style.setProperty("--lane", lookOf(lane).color);
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
    this.totals.reset();
    this.forgetTimes();
    this.events = [];
    this.record = this.ops = null;
    this.label.textContent = "–";
    this.transcript.textContent = "";
    this.does.textContent = this.doing;
    for (const cell of this.element.querySelectorAll("dd")) cell.textContent = "–";
  }

  /** First steps are slower: they do not count. */
  forgetTimes() {
    this.times = [];
    this.showing = [];
    this.taken = 0;
  }

  get warm() {
    return this.taken > WARM_UP;
  }

  /**
   * One token's record of this lane, whatever it is called later.
   * @param {number} index
   * @param {LaneRecord} record
   * @param {Tables} arrays
   * @returns {[LanePanel, HeardToken]}
   */
  heard(index, record, arrays) {
    /** @param {string} name @returns {Table | undefined} */
    const of = (name) => arrays[`${this.name}/${name}`];
    const { data: probabilities } = arrays[`${this.name}/probabilities`];
    const event = record.event?.label ?? null;
    const shown = { attention: of("attention"), stretches: of("stretches"), validTokens: record.valid_tokens };
    return [this, { index, probabilities, event, record, stale: record.answered === false, ...shown }];
  }

  /** Take a token, or one of its past. @param {HeardToken} token */
  hear(token) {
    const { probabilities, event, record } = token;
    this.guess.push(probabilities);
    this.view.push(token);
    if (record) {
      this.record = record;
      if (record.answered !== false) this.ops = record.ops;
      if (record.total_ops !== null) this.totals.push(token.index, record.total_ops);
      if (record.answered !== false && this.taken++ >= WARM_UP) {
        keep(this.times, record.compute_ms, KEPT_TIMES);
        keep(this.showing, record.showing_ms, KEPT_TIMES);
      }
    }
    if (!event) return;
    keep(this.events, words(event), KEPT_EVENTS);
    this.transcript.textContent = this.events.join(" · ");
    // Its place stays as it is; the newest words are in it.
    this.transcript.scrollTop = this.transcript.scrollHeight;
  }

  /** Milliseconds a token over the last window, of what is kept of it. */
  get ms() {
    return steady(this.times.slice(-this.window));
  }

  /** What it costs beside others. @param {Lane} lane */
  cost(lane) {
    return costOf(lane, this.record, this.window, this.ms);
  }

  /** @param {Lane} lane @param {Cost[]} all of all lanes */
  compare(lane, all) {
    showCosts(this.element, this.cost(lane), all);
  }

  /** Refresh the numbers; called a few times a second. @param {Lane} count the operations by formula */
  refresh(count) {
    if (!this.record) return;
    const { label, total_ops: total, valid_tokens: valid, answered, reads_every: every = 1 } = this.record;
    const nothing = label === this.task.labels[0];
    const guess = nothing ? this.guess.place : 0;
    this.label.textContent = guess ? `${words(this.task.labels[guess])}?` : nothing ? "–" : words(label);
    this.label.classList.toggle("active", !nothing);
    this.label.classList.toggle("guess", guess > 0);
    const cell = this.part("ops");
    cell.textContent = counted(this.ops);
    cell.title = count.average === null ? say("ops_not_counted")
      : say("ops_help", { average: counted(count.average), published: counted(count.published) });
    this.part("total").textContent = total === null ? "–" : compact(total);
    if (this.times.length) {
      const [median, p95] = [0.5, 0.95].map((share) => milliseconds(percentile(this.times, share)));
      const shown = milliseconds(percentile(this.showing, 0.5));
      part(this.element, "[data-value=time]").innerHTML = `${median} (${p95}) ms <small>${say("time_showing", { ms: shown })}</small>`;
      part(this.element, "[data-value=streams]").textContent = integer((1000 * this.task.hop_s) / this.ms);
    }
    this.label.classList.toggle("stale", answered === false);
    if (every > 1) this.does.textContent = say("thinned", { every });
    else this.does.textContent = valid >= this.window ? this.doing : say("warm_up", { valid, window: this.window });
  }
}

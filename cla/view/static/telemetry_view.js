// What every lane costs and what was lost on the way, each word explained, the device beside each number.

/** @import { Lane, LaneRecord, Medium, Task, TokenMessage } from "./types.js" */
/** @import { LanePanel } from "./lane_panel.js" */
/** @import { Tip } from "./tip.js" */

import { part } from "./dom.js";
import { bytes, compact, counted, decimal, integer } from "./format.js";
import { keep, percentile } from "./numbers.js";
import { say } from "./texts.js";

const KEPT_TOKENS = 500;
const WARM_UP = 5;

/** @typedef {{lane: Lane, record: LaneRecord, ops: number | null, times: number[], showing: number[], hopS: number}} OfLane */
/** @typedef {{queue: number[], behindS: number, gapS: number, dropped: number, task: Task}} OfStream */

/**
 * Rows of the table: of each lane, then of the stream that all of them share.
 * @type {Record<string, (given: OfLane) => string>}
 */
const OF_LANES = {
  compute: ({ times }) => spread(times),
  showing: ({ showing }) => spread(showing),
  real_time: ({ times, hopS }) => (times.length ? decimal(percentile(times, 0.5) / 1000 / hopS, 4) : "–"),
  ops: ({ ops }) => counted(ops),
  average: ({ lane }) => counted(lane.average),
  total: ({ record }) => (record.total_ops === null ? "–" : compact(record.total_ops)),
  state: ({ record }) => bytes(record.state_bytes),
  rebuilt: ({ record }) => integer(record.rebuilds),
};
/** @type {Record<string, (given: OfStream) => string>} */
const OF_STREAM = {
  features: ({ task: { features } }) => (features
    ? say("telemetry_features_of", { token: integer(features.token), anew: integer(features.anew) }) : "–"),
  queue: ({ queue }) => spread(queue),
  behind: ({ behindS }) => `${decimal(behindS, 1)} s`,
  dropped: ({ gapS, dropped, task }) => (task.input === "video" ? say("pictures", { count: integer(dropped) }) : `${decimal(gapS, 1)} s`),
};

/** @param {number[]} times */
const spread = (times) => (times.length
  ? `${decimal(percentile(times, 0.5), 2)} (${decimal(percentile(times, 0.95), 2)}) ms` : "–");

export class TelemetryView {
  /** @type {Lane[]} */
  lanes = [];
  /** @type {Task | undefined} */
  task;
  /** Milliseconds that the newest tokens waited. @type {number[]} */
  queue;
  tokens = 0;
  gapS = 0;
  /** @type {TokenMessage | null} */
  newest;

  /** @param {HTMLElement} element @param {Tip} tip */
  constructor(element, tip) {
    this.element = element;
    this.tip = tip;
    this.reset();
  }

  reset() {
    this.queue = [];
    this.tokens = 0;
    this.gapS = 0;
    this.newest = null;
  }

  /**
   * One column for each lane.
   * @param {Lane[]} lanes
   * @param {string[]} titles
   * @param {Task} task
   * @param {string} device
   */
  show(lanes, titles, task, device) {
    this.lanes = lanes;
    this.task = task;
    const head = titles.map((title, at) => `<th scope="col">${at + 1}: ${title}</th>`).join("");
    /** @param {string} name @param {string} cells */
    const row = (name, cells) => `<tr data-row="${name}">
      <th scope="row"><button type="button" class="term" aria-describedby="term-${name}">${say(`telemetry_${name}`)}</button>
        <span id="term-${name}" hidden>${say(`telemetry_${name}_help`)}</span></th>${cells}<td class="device"></td></tr>`;
    const own = "<td>–</td>".repeat(lanes.length);
    const shared = `<td colspan="${lanes.length}">–</td>`;
    this.element.innerHTML = `<table><thead><tr><th scope="col">${say("telemetry_measure")}</th>${head}
      <th scope="col">${say("telemetry_device")}</th></tr></thead>
      <tbody>${Object.keys(OF_LANES).map((name) => row(name, own)).join("")}
      ${Object.keys(OF_STREAM).map((name) => row(name, shared)).join("")}</tbody></table>`;
    for (const cell of this.element.querySelectorAll(".device")) cell.textContent = device;
    for (const name of [...Object.keys(OF_LANES), ...Object.keys(OF_STREAM)]) {
      this.tip.explain(part(this.element, `[aria-describedby=term-${name}]`), say(`telemetry_${name}_help`));
    }
  }

  /** @param {TokenMessage} token */
  push(token) {
    this.newest = token;
    this.gapS += token.gap_s;
    if (this.tokens++ < WARM_UP) return;
    keep(this.queue, token.queue_ms, KEPT_TOKENS);
  }

  /**
   * Refresh the numbers.
   * @param {number} dropped pictures left out by browser and server
   * @param {Pick<LanePanel, "record" | "ops" | "times" | "showing">[]} panels of the lanes
   */
  refresh(dropped, panels) {
    const { newest, task } = this;
    if (!newest || !task) return;
    /** @param {string} name @param {number} at @param {string} text */
    const set = (name, at, text) => {
      /** @type {HTMLTableRowElement} */
      const row = part(this.element, `[data-row="${name}"]`);
      row.cells[1 + at].textContent = text;
    };
    this.lanes.forEach((lane, at) => {
      const { record, ops, times, showing } = panels[at];
      if (!record) return; // it has just joined
      for (const [name, write] of Object.entries(OF_LANES)) set(name, at, write({ lane, record, ops, times, showing, hopS: task.hop_s }));
    });
    const stream = { queue: this.queue, behindS: newest.behind_s, gapS: this.gapS, dropped, task };
    for (const [name, write] of Object.entries(OF_STREAM)) set(name, 0, write(stream));
  }
}

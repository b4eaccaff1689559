// What every lane costs and what was lost on the way, each word explained, the device beside each number.

import { bytes, compact, decimal, integer, percentile } from "./format.js";
import { say } from "./texts.js";

const KEPT_TOKENS = 500;
const WARM_UP = 5;

/** Rows of the table: of each lane, then of the stream that all of them share. */
const OF_LANES = {
  compute: ({ times }) => spread(times),
  real_time: ({ times, hopS }) => (times.length ? decimal(percentile(times, 0.5) / 1000 / hopS, 4) : "–"),
  ops: ({ record }) => integer(record.ops),
  average: ({ lane }) => integer(lane.average),
  total: ({ record }) => compact(record.total_ops),
  state: ({ record }) => bytes(record.state_bytes),
  rebuilt: ({ record }) => integer(record.rebuilds),
};
const OF_STREAM = {
  queue: ({ queue }) => spread(queue),
  behind: ({ behindS }) => `${decimal(behindS, 1)} s`,
  dropped: ({ gapS, dropped, input }) => (input === "video" ? say("pictures", { count: integer(dropped) }) : `${decimal(gapS, 1)} s`),
};

const spread = (times) => (times.length
  ? `${decimal(percentile(times, 0.5), 2)} (${decimal(percentile(times, 0.95), 2)}) ms` : "–");

export class TelemetryView {
  constructor(element, tip) {
    Object.assign(this, { element, tip });
    this.reset();
  }

  reset() {
    this.times = [];
    this.queue = [];
    this.tokens = 0;
    this.gapS = 0;
    this.newest = null;
  }

  /** One column for each lane. */
  show(lanes, titles, task, device) {
    Object.assign(this, { lanes, task });
    const head = titles.map((title, at) => `<th scope="col">${at + 1}: ${title}</th>`).join("");
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
    for (const term of this.element.querySelectorAll(".term")) this.tip.explain(term, term.nextElementSibling.textContent);
  }

  push(token) {
    this.newest = token;
    this.gapS += token.gap_s;
    if (this.tokens++ < WARM_UP) return;
    keep(this.queue, token.queue_ms);
    token.lanes.forEach((lane, at) => keep((this.times[at] ??= []), lane.compute_ms));
  }

  /** Refresh the numbers; `dropped` are pictures left out by browser and server. */
  refresh(dropped) {
    if (!this.newest) return;
    const set = (name, at, text) => {
      this.element.querySelector(`[data-row="${name}"]`).cells[1 + at].textContent = text;
    };
    this.lanes.forEach((lane, at) => {
      const given = { lane, record: this.newest.lanes[at], times: this.times[at] ?? [], hopS: this.task.hop_s };
      for (const [name, write] of Object.entries(OF_LANES)) set(name, at, write(given));
    });
    const stream = { queue: this.queue, behindS: this.newest.behind_s, gapS: this.gapS, dropped, input: this.task.input };
    for (const [name, write] of Object.entries(OF_STREAM)) set(name, 0, write(stream));
  }
}

function keep(list, value) {
  list.push(value);
  if (list.length > KEPT_TOKENS) list.shift();
}

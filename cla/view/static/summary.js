// What the lanes amount to beside each other with full windows, and which attention needs the fewest operations.

/** @import { Lane, Task, TokenMessage } from "./types.js" */
/** @import { Agreement } from "./agreement.js" */
/** @import { Cost } from "./lane_costs.js" */

import { compact, decimal, integer, ratio } from "./format.js";
import { milliseconds } from "./lane_costs.js";
import { say } from "./texts.js";

/** @typedef {{lanes: Lane[], costs: Cost[], task: Task, agreed: Agreement["of"], compiling: boolean}} Compared */

// Times that are nearer to each other are the same on a busy machine.
const ALIKE = 1.15;

export class Summary {
  /** @type {TokenMessage | null} */
  token = null;

  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} winner names the attention that needs the fewest operations
   * @param {HTMLElement} time says what is heard and how far it is
   */
  constructor(element, winner, time) {
    this.element = element;
    this.winner = winner;
    this.time = time;
  }

  reset() {
    this.token = null;
    this.time.textContent = "";
  }

  /** @param {TokenMessage} token */
  push(token) {
    this.token = token;
  }

  /**
   * Refresh the sentences.
   * @param {{source: string, ended: boolean}} played the name of what is heard, and whether it is at its end
   * @param {Compared} compared
   */
  refresh({ source, ended }, { lanes, costs, task, agreed, compiling }) {
    if (!this.token) return;
    const { time_s: time, behind_s: behind } = this.token;
    const filling = this.token.lanes.map(({ valid_tokens: valid }, at) => ({ valid, window: lanes[at]?.window ?? task.window }))
      .find(({ valid, window }) => valid < window);
    const sentences = lanes.slice(1).map((_, i) => {
      const name = lanes.length > 2 ? `<span class="number">${i + 2}</span> ` : "";
      return `<p>${name}${versus(costs[0], costs[i + 1], agreed(0, i + 1), compiling ? "compiling" : filling ? "filling" : "")}</p>`;
    });
    const html = sentences.join("");
    if (this.element.innerHTML !== html) this.element.innerHTML = html;
    this.winner.textContent = this.winner.title = [winner(lanes, task), compiling ? "" : quickest(costs)].filter(Boolean).join(" ");
    const facts = [
      `${decimal(time, 1)} s`,
      behind > 0.5 && say("behind", { seconds: decimal(behind, 1) }),
      filling && say("filling", filling),
      ended && say("ended"),
    ];
    // A name comes from a file or a device: it is text and nothing else.
    const text = facts.filter(Boolean).join(", ");
    this.time.textContent = this.time.title = source ? `${text} · ${source}` : text;
  }
}

/**
 * A lane beside the first: operations with full windows, time as measured, and how often both name the same label.
 * @param {Cost} first
 * @param {Cost} lane
 * @param {ReturnType<Agreement["of"]>} same
 * @param {string} state in which times are not yet what they will be
 */
function versus(first, lane, { all, tokens, recent }, state) {
  const of = say("summary_of", { tokens: integer(tokens), recent: `${tokens ? decimal(recent, 1) : "–"} %` });
  const agreement = `<strong data-testid="agreement" title="${of}">${tokens ? decimal(all, 1) : "–"} %</strong>`;
  const parts = [fewer(first, lane), faster(first, lane)].filter(Boolean);
  const measured = parts.length > 1 ? `, ${say(state ? `measured_${state}` : "measured")}` : "";
  return say("summary", { costs: parts.join(` ${say("and")} `) + measured, agreement });
}

/**
 * Which of three or more lanes takes the least time, where it is not the one with the fewest operations.
 * @param {Cost[]} costs
 */
export function quickest(costs) {
  if (costs.length < 3 || !costs.every(({ ms }) => ms > 0)) return "";
  const [fewest, least] = [costs.toSorted((a, b) => (a.ops ?? Infinity) - (b.ops ?? Infinity))[0], costs.toSorted((a, b) => a.ms - b.ms)[0]];
  if (fewest.ms < ALIKE * least.ms) return "";
  return say("winner_time", { lane: costs.indexOf(least) + 1, ms: milliseconds(least.ms) });
}

/** Each two lanes in words, the later beside the earlier. @param {Cost[]} costs */
export function pairs(costs) {
  const found = costs.flatMap((lane, at) => costs.slice(0, at).map((first, before) => {
    const parts = [fewer(first, lane), faster(first, lane)].filter(Boolean).join(` ${say("and")} `);
    return `<li>${say("pair_costs", { lane: at + 1, other: before + 1, costs: parts })}</li>`;
  }));
  return found.join("");
}

/** @param {Cost} first @param {Cost} lane */
function fewer({ ops: high }, { ops: low }) {
  if (high === null || low === null) return say("ops_uncounted");
  const times = high / low;
  const title = say("summary_numbers", { low: compact(low), high: compact(high) });
  return say(times < 1 ? "ops_more" : "ops_fewer", {
    ratio: `<strong data-value="ratio" title="${title}">${ratio(times < 1 ? 1 / times : times)}×</strong>`,
  });
}

/** @param {Cost} first @param {Cost} lane */
function faster({ ms: high }, { ms: low }) {
  if (!high || !low) return "";
  const times = high / low;
  if (times < ALIKE && times > 1 / ALIKE) return say("time_alike");
  const title = say("summary_times", { low: milliseconds(low), high: milliseconds(high) });
  return say(times < 1 ? "time_more" : "time_less", {
    ratio: `<strong data-value="times" title="${title}">${ratio(times < 1 ? 1 / times : times)}×</strong>`,
  });
}

/**
 * Which attention needs the fewest operations at these windows, be it on show or not.
 * @param {Lane[]} lanes
 * @param {Task} task
 */
export function winner(lanes, task) {
  /** @param {Lane} lane */
  const average = (lane) => lane.average ?? Infinity;
  const best = lanes.reduce((least, lane) => (average(lane) < average(least) ? lane : least));
  const [exact, own] = [best.exact, average(best)].map((count) => compact(count).replace(" ", "\u00a0"));
  const values = { exact, lane: lanes.indexOf(best) + 1, own };
  if (average(best) < best.exact) return say("winner_low", values);
  const { crossing = null } = lanes.find((lane) => lane.crossing && lane.crossing > (lane.window ?? task.window)) ?? {};
  const from = crossing ? ` ${say("winner_from", { crossing: integer(crossing) })}` : "";
  return say("winner_exact", values) + from;
}

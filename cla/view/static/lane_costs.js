// What a lane costs beside the others: bars in true proportion, of operations and of time.

/** @import { Lane, LaneRecord } from "./types.js" */

import { part } from "./dom.js";
import { compact, decimal } from "./format.js";
import { say } from "./texts.js";

/** What a lane costs a token: operations with a full window and in this step, and milliseconds as measured. */
/** @typedef {{ops: number | null, now: number | null, ms: number}} Cost */

export const costsMarkup = () => ["ops", "ms"].map((name) => `
  <p class="cost" data-cost="${name}"><span>${say(`cost_${name}`)}</span>
    <span class="track"><i class="will"></i><i class="is"></i></span><strong></strong></p>`).join("");

/** A length in percent of the longest; what is there can be seen. @param {number} value @param {number} most */
const length = (value, most) => `max(${((100 * value) / most || 0).toFixed(3)}%, ${value > 0 ? 1 : 0}px)`;

/**
 * What a lane costs; with a full window one step is like another but for landmarks that tick: the mean counts.
 * @param {Lane} lane
 * @param {LaneRecord | null} record
 * @param {number} window
 * @param {number} ms
 * @returns {Cost}
 */
export function costOf({ average }, record, window, ms) {
  const full = record && record.valid_tokens >= window;
  return { ops: average, now: full ? average : record?.ops ?? null, ms };
}

/** Milliseconds with two digits that say something. @param {number} ms */
export const milliseconds = (ms) => decimal(ms, ms < 0.1 ? 3 : ms < 10 ? 2 : 1);

/**
 * Draw a lane's bars.
 * @param {HTMLElement} element
 * @param {Cost} own
 * @param {Cost[]} all of all lanes: the dearest fills the width
 */
export function showCosts(element, own, all) {
  const mostOps = Math.max(...all.map(({ ops, now }) => Math.max(ops ?? 0, now ?? 0)));
  const mostMs = Math.max(...all.map(({ ms }) => ms || 0));
  /** @param {"ops" | "ms"} name @param {number | null} will @param {number | null} is @param {number} most @param {string} text */
  const set = (name, will, is, most, text) => {
    const row = part(element, `[data-cost=${name}]`);
    part(row, ".will").style.width = length(will ?? 0, most);
    part(row, ".is").style.width = length(is ?? 0, most);
    part(row, "strong").textContent = text;
  };
  // While the window fills, the pale bar is what it will be.
  const now = own.ops !== null && own.now !== null ? Math.min(own.now, own.ops) : own.now;
  set("ops", own.ops, now, mostOps, own.ops === null ? "–" : compact(own.ops));
  set("ms", null, own.ms, mostMs, own.ms ? `${milliseconds(own.ms)} ms` : "–");
}

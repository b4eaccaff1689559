// What two lanes say of the same tokens, and how far apart that is.

/** @import { Choice, Pair, Table } from "./types.js" */
/** @import { LaneView } from "./lane_view.js" */

import { rowOf } from "./attention_rows.js";
import { argmax } from "./numbers.js";

/**
 * What both lanes say of a token.
 * @typedef {{index: number, a: Float32Array, b: Float32Array, leaders: Pair, distance: number}} Compared
 */

/**
 * A pair of two lanes: one beside itself says nothing, so the other gives way.
 * @param {Pair} pair
 * @param {Pair} before
 * @returns {Pair}
 */
export function apart([a, b], before) {
  if (a !== b) return [a, b];
  return a === before[0] ? [before[1], b] : [a, before[0]];
}

/** @typedef {LaneView["tokens"]} Tokens */

/**
 * Token by token what both lanes say, of those that both have.
 * @param {Tokens} tokens
 * @param {Tokens} others
 * @returns {Compared[]}
 */
export function compared(tokens, others) {
  const second = new Map(others.map((token) => [token.index, token.probabilities]));
  return tokens.flatMap(({ index, probabilities: a }) => {
    const b = second.get(index);
    if (!b) return [];
    const distance = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / 2;
    return [{ index, a, b, leaders: [argmax(a), argmax(b)], distance }];
  });
}

/**
 * Weights of the first lane less those of the second, over the longer window.
 * @param {Table | undefined} first
 * @param {Table | undefined} second
 * @param {Choice} choice
 */
export function moved(first, second, { layer, head }) {
  if (!first || !second) return null;
  const [a, b] = [rowOf(first, layer, head), rowOf(second, layer, head)];
  const size = Math.max(a.length, b.length);
  /** @param {Float32Array} row @param {number} at */
  const weight = (row, at) => row[row.length - size + at] ?? 0;
  return Float32Array.from({ length: size }, (_, at) => weight(a, at) - weight(b, at));
}

/** Neighbors of the same value as [first, last, value]. @param {[index: number, value: number][]} pairs */
export function runs(pairs) {
  /** @type {[number, number, number][]} */
  const found = [];
  for (const [index, value] of pairs) {
    const last = found.at(-1);
    if (last && last[2] === value && last[1] === index - 1) last[1] = index;
    else found.push([index, index, value]);
  }
  return found;
}

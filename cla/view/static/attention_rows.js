// The newest token's attention: rows out of a lane's record, bars over the window, landmarks below them.

/** @import { Axis, Table, Theme } from "./types.js" */

import { decimal } from "./format.js";
import { say } from "./texts.js";

const FRESH_TOKENS = 3;
const MARKS_HEIGHT = 8;
const PALE = 0.45;

/**
 * A layer's row of one head, or the mean over heads when `head` is -1.
 * @param {Table} attention of shape [L, H, N]
 * @param {number} layer
 * @param {number} head
 */
export function rowOf({ data, shape: [layers, heads, size] }, layer, head) {
  const start = Math.min(layer, layers - 1) * heads * size;
  if (head >= 0 && head < heads) return data.subarray(start + head * size, start + (head + 1) * size);
  const row = new Float32Array(size);
  for (let h = 0; h < heads; h++) for (let at = 0; at < size; at++) row[at] += data[start + h * size + at] / heads;
  return row;
}

/**
 * Bars of a row, negative ones downward and in their own color; pale while the window fills.
 *
 * Where a pixel stands for several tokens, it shows the largest and the least of them.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Float32Array} row
 * @param {Axis & {top: number, height: number, start: number, full: boolean}} place
 */
export function drawBars(context, theme, row, { newest, left, step, top, height, start, full }) {
  let [most, least] = [1e-9, 0];
  for (const value of row) [most, least] = [Math.max(most, value), Math.min(least, value)];
  const unit = height / (most - least);
  const base = top + most * unit;
  const from = left(newest - row.length + 1);
  const [above, below] = [1, -1].map((sign) => `rgb(${theme.diverging((full ? 1 : PALE) * sign)})`);
  /** @param {number} value @param {number} x @param {number} width */
  const bar = (value, x, width) => {
    if (!value) return;
    context.fillStyle = value > 0 ? above : below;
    context.fillRect(x, value > 0 ? base - value * unit : base, width, Math.abs(value) * unit);
  };
  if (step >= 1) row.forEach((value, at) => { bar(value, from + at * step, Math.max(step - 0.6, 0.6)); });
  else {
    const { highest, lowest, first } = extremes(row, from, step);
    for (const values of [highest, lowest]) values.forEach((value, at) => { bar(value, first + at, 1); });
  }
  context.fillStyle = theme.line;
  context.fillRect(start, base, left(newest + 1) - start, 1);
}

/**
 * The largest and the least value of the tokens behind each pixel, from pixel `first` on; what is not there is 0.
 * @param {Float32Array} row
 * @param {number} from where its first token begins
 * @param {number} step pixels of a token, less than 1
 */
export function extremes(row, from, step) {
  const first = Math.floor(from);
  const count = Math.floor(from + (row.length - 1) * step) - first + 1;
  const [highest, lowest] = [new Float32Array(count), new Float32Array(count)];
  for (let at = 0; at < row.length; at++) {
    const pixel = Math.floor(from + at * step) - first;
    const value = row[at];
    if (value > highest[pixel]) highest[pixel] = value;
    else if (value < lowest[pixel]) lowest[pixel] = value;
  }
  return { highest, lowest, first };
}

/**
 * The stretch of time that each landmark is the mean of.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Table} stretches ages, [first, last) for each landmark
 * @param {{newest: number, left: (index: number) => number, top: number}} place
 */
export function drawStretches(context, theme, { data, shape: [count] }, { newest, left, top }) {
  for (let mark = 0; mark < count; mark++) {
    const [first, last] = [data[2 * mark], data[2 * mark + 1]];
    const [from, to] = [left(newest + 1 - first), left(newest + 1 - last)];
    // One that has just entered stands out.
    const fresh = mark === count - 1 && last < FRESH_TOKENS;
    context.fillStyle = fresh ? theme.accent : theme.pale(mark % 2 ? 0.4 : 0.25);
    context.fillRect(from + 0.5, top, Math.max(to - from - 1, 1), MARKS_HEIGHT);
  }
  const pending = count ? data[2 * count - 1] : 0;
  if (!pending) return;
  context.strokeStyle = theme.faint;
  context.lineWidth = 1;
  const from = left(newest + 1 - pending);
  context.strokeRect(from + 1, top + 0.5, left(newest + 1) - from - 1.5, MARKS_HEIGHT - 1);
}

/**
 * Which landmark stands for the token of an age, in words; the stretch being filled has none yet.
 * @param {Table} stretches
 * @param {number} age in tokens
 * @param {number} hopS
 */
export function stretchAt({ data, shape: [count] }, age, hopS) {
  for (let mark = 0; mark < count; mark++) {
    const [first, last] = [data[2 * mark], data[2 * mark + 1]];
    if (age >= first || age < last) continue;
    /** @param {number} tokens */
    const seconds = (tokens) => decimal(tokens * hopS, 2);
    return say("at_landmark", { mark: mark + 1, count, tokens: first - last, from: seconds(first), to: seconds(last) });
  }
  return count && age < data[2 * count - 1] ? say("at_pending", { tokens: data[2 * count - 1] }) : null;
}

// Names and marks of a lane's strip: its classes, what was recognized, and what has been changed.

/** @import { Axis, Theme } from "./types.js" */

const LARGE = "600 13px sans-serif";
const SMALL = "600 10px sans-serif";
// Words a second apart must not run into each other on a phone.
const NARROW = 360;
const GAP = 3;
const TICK = 6;
// Names that are nearer to each other run into each other.
const LEGIBLE = 10;

/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {{start: number, width: number, top: number, bottom: number}} Place */

/**
 * A line and a word for each event. From the newest on, a word that would run into the next stays away, and so does
 * half a word at the left edge, which would say something else.
 * @param {Context} context
 * @param {Theme} theme
 * @param {{index: number, label: string}[]} events
 * @param {Axis} axis
 * @param {Place} place
 */
export function drawEvents(context, theme, events, { left, step }, { start, width, top, bottom }) {
  context.textAlign = "center";
  context.font = width - start < NARROW ? SMALL : LARGE;
  context.fillStyle = theme.accent;
  let free = width;
  for (const { index, label } of events.toReversed()) {
    const x = left(index) + step / 2;
    context.fillRect(x - 0.75, top - TICK, 1.5, bottom - top + TICK);
    if (x >= free && free < width) continue;
    const half = context.measureText(label).width / 2;
    const middle = Math.min(x, width - half);
    if (middle + half > free || middle - half < start) continue;
    context.fillText(label, middle, 9);
    free = middle - half - GAP;
  }
}

/**
 * A line down to the attention and a sentence for each change.
 * @param {Context} context
 * @param {Theme} theme
 * @param {{index: number, text: string}[]} notes
 * @param {Axis} axis
 * @param {{top: number, text: number, bottom: number}} place
 */
export function drawNotes(context, theme, notes, { left, step }, { top, text: y, bottom }) {
  context.textAlign = "right";
  context.fillStyle = theme.faint;
  for (const { index, text } of notes) {
    const x = left(index) + step;
    context.fillRect(x, top, 1, bottom - top);
    context.fillText(text, x - 4, y);
  }
}

/**
 * The names of the classes before their rows; where rows are too near for all of them, of those that have something to say.
 * @param {Context} context
 * @param {Theme} theme
 * @param {string[]} labels the first, "none", has no row
 * @param {Float32Array | undefined} newest probabilities
 * @param {Set<string>} heard labels of events in sight
 * @param {{right: number, top: number, rowHeight: number}} place
 */
export function drawNames(context, theme, labels, newest, heard, { right, top, rowHeight }) {
  context.textBaseline = "middle";
  context.textAlign = "right";
  const rows = labels.map((_, row) => row).slice(1);
  /** @param {number} row */
  const likely = (row) => Boolean(newest && newest[row] > 0.5);
  const cramped = rowHeight < LEGIBLE;
  const shown = cramped ? rows.filter((row) => likely(row) || heard.has(labels[row])) : rows;
  /** @type {number[]} */
  const taken = [];
  for (const row of shown.toSorted((a, b) => Number(likely(b)) - Number(likely(a)))) {
    const y = top + (row - 0.5) * rowHeight;
    if (cramped && taken.some((other) => Math.abs(other - y) < LEGIBLE)) continue;
    taken.push(y);
    context.fillStyle = likely(row) ? theme.accent : theme.faint;
    context.fillText(labels[row], right, y);
  }
  context.textAlign = "left";
}

// One lane's canvas: probabilities of the last window's tokens, events, attention of the newest token.

import { words } from "./format.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
const MARKS_HEIGHT = 24;
const ROW_HEIGHT = 14;
const GAP = 10;
const BARS_HEIGHT = 64;

export class LaneView {
  /** `labels` are the classes; the first, "none", has no row. */
  constructor(canvas, labels, window, hopS) {
    Object.assign(this, { canvas, labels, window, hopS });
    this.context = canvas.getContext("2d");
    this.context.font = FONT;
    this.labelsWidth = 8 + Math.max(...labels.slice(1).map((label) => this.context.measureText(label).width));
    this.rows = labels.length - 1;
    this.strip = document.createElement("canvas");
    this.strip.width = 2 * window;
    this.strip.height = this.rows;
    this.stripContext = this.strip.getContext("2d");
    canvas.style.height = `${this.height}px`;
    this.reset();
  }

  get stripHeight() {
    return this.rows * ROW_HEIGHT;
  }

  get height() {
    return MARKS_HEIGHT + this.stripHeight + GAP + BARS_HEIGHT + 16;
  }

  reset() {
    this.tokens = [];
    this.events = [];
    this.notes = [];
    this.attention = null;
    this.validTokens = 0;
    this.painted = null;
  }

  /** Take a token: its probabilities, event and attention ({data, shape: [H, N]}). */
  push(token, lane, probabilities, attention) {
    this.tokens.push({ index: token, probabilities: probabilities.data });
    if (this.tokens.length > this.window + 2) this.tokens.shift();
    if (lane.event) this.events.push({ index: token, label: words(lane.event.label) });
    const oldest = token - this.window - 2;
    this.events = this.events.filter((event) => event.index > oldest);
    this.notes = this.notes.filter((note) => note.index > oldest);
    this.validTokens = lane.valid_tokens;
    if (attention) this.attention = attention;
    this.newest = token;
  }

  /** Mark a change of settings at the newest token. */
  note(text) {
    this.notes.push({ index: this.newest ?? 0, text });
  }

  /** Draw; `progress` (0..1) is how far the next token is on its way, `head` a head or -1 for the mean. */
  draw(theme, progress, head) {
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    const width = this.canvas.clientWidth;
    if (this.canvas.width !== Math.round(width * scale)) this.canvas.width = Math.round(width * scale);
    if (this.canvas.height !== Math.round(this.height * scale)) this.canvas.height = Math.round(this.height * scale);
    const context = this.context;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, this.height);
    context.font = FONT;
    this.drawLabels(context, theme);
    context.save();
    context.beginPath();
    context.rect(this.labelsWidth, 0, width - this.labelsWidth, this.height);
    context.clip();
    const step = (width - this.labelsWidth) / this.window;
    const left = (index) => width - (this.newest - index + 1 + progress) * step;
    if (this.tokens.length) {
      this.drawStrip(context, theme, left, step);
      this.drawMarks(context, theme, left, step);
      this.drawBars(context, theme, left, step, head);
    }
    context.restore();
    this.drawAxes(context, theme, width);
    context.fillStyle = theme.line;
    context.fillRect(this.labelsWidth, MARKS_HEIGHT + this.stripHeight, width - this.labelsWidth, 1);
  }

  /** What the bars are, and the time that both pictures share. */
  drawAxes(context, theme, width) {
    context.fillStyle = theme.faint;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(say("newest"), this.labelsWidth + 4, MARKS_HEIGHT + this.stripHeight + GAP + 2);
    context.fillText(`−${(this.window * this.hopS).toFixed(1)} s`, this.labelsWidth, this.height - 7);
    context.textAlign = "right";
    context.fillText(say("now"), width, this.height - 7);
  }

  drawLabels(context, theme) {
    context.textBaseline = "middle";
    context.textAlign = "right";
    const newest = this.tokens.at(-1)?.probabilities;
    for (let row = 0; row < this.rows; row++) {
      const likely = newest && newest[row + 1] > 0.5;
      context.fillStyle = likely ? theme.accent : theme.faint;
      context.fillText(this.labels[row + 1], this.labelsWidth - 5, MARKS_HEIGHT + (row + 0.5) * ROW_HEIGHT);
    }
  }

  /** Each token is painted once, into one column of a small canvas that is then scaled. */
  drawStrip(context, theme, left, step) {
    const columns = this.strip.width;
    for (const token of this.tokens) {
      if (this.painted !== null && this.paintedTheme === theme && token.index <= this.painted) continue;
      for (let row = 0; row < this.rows; row++) {
        this.stripContext.fillStyle = `rgb(${theme.scale(token.probabilities[row + 1])})`;
        this.stripContext.fillRect(token.index % columns, row, 1, 1);
      }
    }
    this.painted = this.newest;
    this.paintedTheme = theme;
    context.imageSmoothingEnabled = false;
    const first = this.tokens[0].index;
    const split = Math.min(this.newest + 1, (Math.floor(first / columns) + 1) * columns);
    for (const [start, stop] of [[first, split], [split, this.newest + 1]]) {
      if (stop <= start) continue;
      context.drawImage(
        this.strip, start % columns, 0, stop - start, this.rows,
        left(start), MARKS_HEIGHT, (stop - start) * step, this.stripHeight,
      );
    }
  }

  drawMarks(context, theme, left, step) {
    context.textAlign = "center";
    // Words a second apart must not run into each other on a phone.
    context.font = this.window * step < 360 ? "600 10px sans-serif" : "600 13px sans-serif";
    context.fillStyle = theme.accent;
    for (const { index, label } of this.events) {
      const x = left(index) + step / 2;
      context.fillRect(x - 0.75, MARKS_HEIGHT - 6, 1.5, this.stripHeight + 6);
      context.fillText(label, Math.min(x, this.canvas.clientWidth - context.measureText(label).width / 2), 9);
    }
    context.font = FONT;
    context.textAlign = "right";
    for (const { index, text } of this.notes) {
      const x = left(index) + step;
      context.fillStyle = theme.faint;
      context.fillRect(x, MARKS_HEIGHT, 1, this.height - MARKS_HEIGHT - 16);
      context.fillText(text, x - 4, MARKS_HEIGHT + this.stripHeight + GAP + 2);
    }
  }

  drawBars(context, theme, left, step, head) {
    if (!this.attention) return;
    const [heads, size] = this.attention.shape;
    const row = meanRow(this.attention.data, heads, size, head);
    const largest = Math.max(...row.map(Math.abs), 1e-9);
    const negative = Math.max(0, -Math.min(...row)) / largest;
    const top = MARKS_HEIGHT + this.stripHeight + GAP;
    const unit = BARS_HEIGHT / (1 + negative);
    const base = top + unit;
    const full = this.validTokens >= size;
    for (let at = 0; at < size; at++) {
      const value = row[at] / largest;
      if (!value) continue;
      const color = theme.diverging(full ? Math.sign(value) : 0.45 * Math.sign(value));
      context.fillStyle = `rgb(${color})`;
      const height = Math.abs(value) * unit;
      const x = left(this.newest - size + 1 + at);
      context.fillRect(x, value > 0 ? base - height : base, Math.max(step - 0.6, 0.6), height);
    }
    context.fillStyle = theme.line;
    context.fillRect(this.labelsWidth, base, this.canvas.clientWidth, 1);
  }
}

/** One head's row, or the mean over heads when `head` is -1. */
function meanRow(data, heads, size, head) {
  if (head >= 0 && head < heads) return Array.from(data.subarray(head * size, (head + 1) * size));
  const row = new Array(size).fill(0);
  for (let h = 0; h < heads; h++) for (let at = 0; at < size; at++) row[at] += data[h * size + at] / heads;
  return row;
}

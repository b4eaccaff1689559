// One lane's canvas: probabilities, events, the newest token's attention, landmarks, and the input.

import { drawBars, drawStretches, rowOf, stretchAt } from "./attention_rows.js";
import { decimal, words } from "./format.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
const TOP = 24;
const ROW_HEIGHT = 14;
const GAP = 10;
const BARS_HEIGHT = 64;
const STRETCHES_HEIGHT = 14;
const AXIS_HEIGHT = 16;

export class LaneView {
  /** `labels` are the classes; the first, "none", has no row. `track` is the input, where it is shown. */
  constructor(canvas, labels, window, hopS, track = null) {
    Object.assign(this, { canvas, labels, window, hopS, track });
    this.context = canvas.getContext("2d");
    this.context.font = FONT;
    this.labelsWidth = 8 + Math.max(...labels.slice(1).map((label) => this.context.measureText(label).width));
    this.rows = labels.length - 1;
    this.strip = document.createElement("canvas");
    this.strip.width = 2 * window;
    this.strip.height = this.rows;
    this.stripContext = this.strip.getContext("2d");
    this.bottoms = {};
    let bottom = TOP;
    const parts = { strip: this.rows * ROW_HEIGHT, gap: GAP, bars: BARS_HEIGHT, stretches: STRETCHES_HEIGHT, input: track?.height ?? 0 };
    for (const [name, height] of Object.entries(parts)) this.bottoms[name] = bottom += height;
    this.height = bottom + AXIS_HEIGHT;
    canvas.style.height = `${this.height}px`;
    this.reset();
  }

  reset() {
    this.tokens = [];
    this.events = [];
    this.notes = [];
    this.attention = this.stretches = null;
    this.validTokens = 0;
    this.painted = null;
    this.newest = undefined;
  }

  /** Take a token: its probabilities, event, attention ({data, shape: [L, H, N]}) and stretches. */
  push(token, lane, probabilities, attention, stretches) {
    this.tokens.push({ index: token, probabilities: probabilities.data });
    if (this.tokens.length > this.window + 2) this.tokens.shift();
    if (lane.event) this.events.push({ index: token, label: words(lane.event.label) });
    const oldest = token - this.window - 2;
    this.events = this.events.filter((event) => event.index > oldest);
    this.notes = this.notes.filter((note) => note.index > oldest);
    this.validTokens = lane.valid_tokens;
    if (attention) this.attention = attention;
    this.stretches = stretches;
    this.newest = token;
  }

  /** Mark a change of settings at the newest token. */
  note(text) {
    this.notes.push({ index: this.newest ?? 0, text });
  }

  /** Draw; `progress` (0..1) is how far the next token is on its way, `head` a head or -1 for the mean. */
  draw(theme, progress, { head = -1, layer = 0, mirrored = false, fixed = false } = {}) {
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    const width = this.canvas.clientWidth;
    if (this.canvas.width !== Math.round(width * scale)) this.canvas.width = Math.round(width * scale);
    if (this.canvas.height !== Math.round(this.height * scale)) this.canvas.height = Math.round(this.height * scale);
    const { context, newest } = this;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, this.height);
    context.font = FONT;
    this.drawLabels(context, theme);
    const step = (width - this.labelsWidth) / this.window;
    const left = (index) => width - (newest - index + 1 + progress) * step;
    // What the value under the pointer is looked up by.
    this.shown = { step, left, head, layer };
    context.save();
    context.beginPath();
    context.rect(this.labelsWidth, 0, width - this.labelsWidth, this.height);
    context.clip();
    if (this.tokens.length) {
      this.drawStrip(context, theme, left, step);
      this.drawMarks(context, theme, left, step);
      this.drawAttention(context, theme, fixed);
      this.track?.draw(context, theme, { left, step, top: this.bottoms.stretches, newest, mirrored });
    } else {
      context.fillStyle = theme.faint;
      context.fillText(say("nothing"), this.labelsWidth + 8, TOP + 16);
    }
    context.restore();
    this.drawAxes(context, theme, width);
  }

  /** What the bars are, and the time that all parts share. */
  drawAxes(context, theme, width) {
    context.fillStyle = theme.line;
    context.fillRect(this.labelsWidth, this.bottoms.strip, width - this.labelsWidth, 1);
    context.fillStyle = theme.faint;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(say("newest"), this.labelsWidth + 4, this.bottoms.gap + 2);
    context.fillText(`−${decimal(this.window * this.hopS, 1)} s`, this.labelsWidth, this.height - 7);
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
      context.fillText(this.labels[row + 1], this.labelsWidth - 5, TOP + (row + 0.5) * ROW_HEIGHT);
    }
    context.textAlign = "left";
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
        left(start), TOP, (stop - start) * step, this.rows * ROW_HEIGHT,
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
      context.fillRect(x - 0.75, TOP - 6, 1.5, this.bottoms.strip - TOP + 6);
      context.fillText(label, Math.min(x, this.canvas.clientWidth - context.measureText(label).width / 2), 9);
    }
    context.font = FONT;
    context.textAlign = "right";
    for (const { index, text } of this.notes) {
      const x = left(index) + step;
      context.fillStyle = theme.faint;
      context.fillRect(x, TOP, 1, this.bottoms.bars - TOP);
      context.fillText(text, x - 4, this.bottoms.gap + 14);
    }
    context.textAlign = "left";
  }

  drawAttention(context, theme, fixed) {
    const { newest, shown: { left, step, head, layer } } = this;
    if (this.attention) {
      const place = { newest, left, step, top: this.bottoms.gap, height: BARS_HEIGHT, start: this.labelsWidth };
      const full = this.validTokens >= this.attention.shape[2];
      drawBars(context, theme, rowOf(this.attention, layer, head), { ...place, full });
    }
    const top = this.bottoms.bars + 3;
    if (this.stretches) drawStretches(context, theme, this.stretches, { newest, left, top });
    if (!fixed) return;
    context.fillStyle = theme.faint;
    context.font = "10px sans-serif";
    context.fillText(say("fixed_stretch"), this.labelsWidth + 4, top + 4);
    context.font = FONT;
  }

  /** What lies at a place of the canvas, in words. */
  at(x, y) {
    if (!this.tokens.length || x < this.labelsWidth || y < TOP) return null;
    const { step, left, head, layer } = this.shown;
    const index = this.newest + Math.floor((x - left(this.newest)) / step);
    const age = this.newest - index;
    const time = `−${decimal(age * this.hopS, 2)} s`;
    if (age < 0) return null;
    if (y < this.bottoms.strip) {
      const row = Math.floor((y - TOP) / ROW_HEIGHT) + 1;
      const token = this.tokens.find((each) => each.index === index);
      return token ? `${time}: ${this.labels[row]} ${decimal(token.probabilities[row], 3)}` : null;
    }
    if (y < this.bottoms.bars) {
      const row = this.attention && rowOf(this.attention, layer, head);
      const weight = row?.[row.length - 1 - age];
      return weight === undefined ? null : `${time}: ${say("at_attention", { weight: decimal(weight, 4) })}`;
    }
    if (y < this.bottoms.stretches) return this.stretches && stretchAt(this.stretches, age, this.hopS);
    const input = this.track?.at(index);
    return input ? `${time}: ${input}` : null;
  }
}

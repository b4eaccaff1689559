// One lane's canvas: probabilities, events, the newest token's attention, landmarks, and the input.

/** @import { Axis, Choice, Table, TextAt, Theme } from "./types.js" */
/** @import { InputTrack } from "./input_track.js" */

import { drawBars, drawStretches, rowOf, stretchAt } from "./attention_rows.js";
import { clear, contextOf, Strip } from "./canvas.js";
import { decimal, words } from "./format.js";
import { keep } from "./numbers.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
const TOP = 24;
const GAP = 10;
// Of narrow pages, which show two lanes above each other (as in stage.css), and of wide ones.
const NARROW = 640;
const SMALL = { rows: 120, row: 12, bars: 36 };
const LARGE = { rows: Infinity, row: 14, bars: 64 };
// Names that are nearer to each other run into each other.
const LEGIBLE = 10;
const STRETCHES_HEIGHT = 14;
const AXIS_HEIGHT = 16;

const sizesNow = () => (globalThis.innerWidth <= NARROW ? SMALL : LARGE);

/** @typedef {CanvasRenderingContext2D} Context */
/**
 * A token as a lane saw it; of one from before the lane was there, what it would have said.
 * @typedef {{index: number, probabilities: Float32Array, event: string | null, validTokens?: number, attention?: Table, stretches?: Table}} SeenToken
 */

export class LaneView {
  /** @type {{index: number, probabilities: Float32Array}[]} */
  tokens;
  /** @type {{index: number, label: string}[]} */
  events;
  /** Changes of settings. @type {{index: number, text: string}[]} */
  notes;
  /** The newest token's attention, [L, H, N]. @type {Table | undefined} */
  attention;
  /** @type {Table | undefined} */
  stretches;
  newest = 0;
  validTokens = 0;
  /** What the value under the pointer is looked up by. @type {Axis & Choice | undefined} */
  shown;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {string[]} labels the classes; the first, "none", has no row
   * @param {number} window
   * @param {number} hopS
   * @param {InputTrack} track what the lane hears or sees
   */
  constructor(canvas, labels, window, hopS, track) {
    this.canvas = canvas;
    this.labels = labels;
    this.window = window;
    this.hopS = hopS;
    this.track = track;
    this.context = contextOf(canvas);
    this.context.font = FONT;
    this.labelsWidth = 8 + Math.max(...labels.slice(1).map((label) => this.context.measureText(label).width));
    this.rows = labels.length - 1;
    this.strip = new Strip(2 * window, 1, this.rows);
    this.zoom = 1;
    this.arrange(sizesNow());
    this.reset();
  }

  /** Where the parts are. @param {typeof LARGE} sizes */
  arrange(sizes) {
    this.sizes = sizes;
    this.rowHeight = Math.min(sizes.row, sizes.rows / this.rows);
    const strip = TOP + this.rows * this.rowHeight;
    const gap = strip + GAP;
    const bars = gap + sizes.bars;
    const stretches = bars + STRETCHES_HEIGHT;
    /** Where the parts end. */
    this.bottoms = { strip, gap, bars, stretches };
    this.height = stretches + this.track.height + AXIS_HEIGHT;
    this.enlarge(this.zoom);
  }

  /** @param {number} zoom */
  enlarge(zoom) {
    this.zoom = zoom;
    this.canvas.style.height = `${Math.round(zoom * this.height)}px`;
  }

  reset() {
    this.tokens = [];
    this.events = [];
    this.notes = [];
    this.attention = this.stretches = undefined;
    this.newest = this.validTokens = 0;
    this.strip.reset();
  }

  /** Take a token; without attention that of the one before stays. @param {SeenToken} token */
  push({ index, probabilities, event, validTokens, attention, stretches }) {
    keep(this.tokens, { index, probabilities }, this.window + 2);
    if (event) this.events.push({ index, label: words(event) });
    const oldest = index - this.window - 2;
    this.events = this.events.filter((each) => each.index > oldest);
    this.notes = this.notes.filter((note) => note.index > oldest);
    this.newest = index;
    if (validTokens === undefined) return;
    this.validTokens = validTokens;
    if (attention) this.attention = attention;
    this.stretches = stretches;
  }

  /** Mark a change of settings at the newest token. @param {string} text */
  note(text) {
    this.notes.push({ index: this.newest, text });
  }

  /**
   * Draw.
   * @param {Theme} theme
   * @param {number} progress 0..1, how far the next token is on its way
   * @param {Choice} choice
   */
  draw(theme, progress, choice) {
    const { context, newest } = this;
    const sizes = sizesNow();
    if (sizes !== this.sizes) this.arrange(sizes);
    const width = clear(context, this.height, this.zoom);
    context.font = FONT;
    this.drawLabels(context, theme);
    const step = (width - this.labelsWidth) / this.window;
    /** @param {number} index */
    const left = (index) => width - (newest - index + 1 + progress) * step;
    const axis = { newest, left, step };
    this.shown = { ...axis, ...choice };
    context.save();
    context.beginPath();
    context.rect(this.labelsWidth, 0, width - this.labelsWidth, this.height);
    context.clip();
    if (this.tokens.length) {
      this.drawStrip(context, theme, axis);
      this.drawMarks(context, theme, axis, width);
      this.drawAttention(context, theme, axis, choice);
      this.track.draw(context, theme, { ...axis, top: this.bottoms.stretches, mirrored: Boolean(choice.mirrored) });
    } else {
      context.fillStyle = theme.faint;
      context.fillText(say("nothing"), this.labelsWidth + 8, TOP + 16);
    }
    context.restore();
    this.drawAxes(context, theme, width);
  }

  /**
   * What the bars are, and the time that all parts share.
   * @param {Context} context
   * @param {Theme} theme
   * @param {number} width
   */
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

  /** @param {Context} context @param {Theme} theme */
  drawLabels(context, theme) {
    context.textBaseline = "middle";
    context.textAlign = "right";
    const newest = this.tokens.at(-1)?.probabilities;
    for (let row = 0; row < this.rows; row++) {
      const likely = newest && newest[row + 1] > 0.5;
      // Where rows are too near for all their names, those that have something to say are named.
      const named = this.rowHeight >= LEGIBLE || likely || this.events.some(({ label }) => label === this.labels[row + 1]);
      if (!named) continue;
      context.fillStyle = likely ? theme.accent : theme.faint;
      context.fillText(this.labels[row + 1], this.labelsWidth - 5, TOP + (row + 0.5) * this.rowHeight);
    }
    context.textAlign = "left";
  }

  /** @param {Context} context @param {Theme} theme @param {Axis} axis */
  drawStrip(context, theme, { newest, left, step }) {
    this.strip.paint(this.tokens, theme, (strip, { probabilities }, x) => {
      for (let row = 0; row < this.rows; row++) {
        strip.fillStyle = `rgb(${theme.scale(probabilities[row + 1])})`;
        strip.fillRect(x, row, 1, 1);
      }
    });
    context.imageSmoothingEnabled = false;
    const place = { left, step, top: TOP, height: this.rows * this.rowHeight };
    this.strip.draw(context, place, this.tokens[0].index, newest + 1);
  }

  /** @param {Context} context @param {Theme} theme @param {Axis} axis @param {number} width */
  drawMarks(context, theme, { left, step }, width) {
    context.textAlign = "center";
    // Words a second apart must not run into each other on a phone.
    context.font = this.window * step < 360 ? "600 10px sans-serif" : "600 13px sans-serif";
    context.fillStyle = theme.accent;
    for (const { index, label } of this.events) {
      const x = left(index) + step / 2;
      context.fillRect(x - 0.75, TOP - 6, 1.5, this.bottoms.strip - TOP + 6);
      const half = context.measureText(label).width / 2;
      // Half a word says something else: at the left edge the line stays alone.
      if (x - half >= this.labelsWidth) context.fillText(label, Math.min(x, width - half), 9);
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

  /** @param {Context} context @param {Theme} theme @param {Axis} axis @param {Choice} choice */
  drawAttention(context, theme, axis, { head, layer, fixed }) {
    if (this.attention) {
      const full = this.validTokens >= this.attention.shape[2];
      const place = { ...axis, top: this.bottoms.gap, height: this.sizes.bars, start: this.labelsWidth, full };
      drawBars(context, theme, rowOf(this.attention, layer, head), place);
    }
    const top = this.bottoms.bars + 3;
    if (this.stretches) drawStretches(context, theme, this.stretches, { ...axis, top });
    if (!fixed) return;
    context.fillStyle = theme.faint;
    context.font = "10px sans-serif";
    context.fillText(say("fixed_stretch"), this.labelsWidth + 4, top + 4);
    context.font = FONT;
  }

  /** What lies at a place of the canvas, in words. @type {TextAt} */
  at(shownX, shownY) {
    const [x, y] = [shownX / this.zoom, shownY / this.zoom];
    if (!this.shown || !this.tokens.length || x < this.labelsWidth || y < TOP) return null;
    const { step, left, head, layer } = this.shown;
    const index = this.newest + Math.floor((x - left(this.newest)) / step);
    const age = this.newest - index;
    const time = `−${decimal(age * this.hopS, 2)} s`;
    if (age < 0) return null;
    if (y < this.bottoms.strip) {
      const row = Math.floor((y - TOP) / this.rowHeight) + 1;
      const token = this.tokens.find((each) => each.index === index);
      return token ? `${time}: ${this.labels[row]} ${decimal(token.probabilities[row], 3)}` : null;
    }
    if (y < this.bottoms.bars) {
      const row = this.attention && rowOf(this.attention, layer, head);
      const weight = row?.[row.length - 1 - age];
      return weight === undefined ? null : `${time}: ${say("at_attention", { weight: decimal(weight, 4) })}`;
    }
    if (y < this.bottoms.stretches) return this.stretches ? stretchAt(this.stretches, age, this.hopS) : null;
    const input = this.track.at(index);
    return input ? `${time}: ${input}` : null;
  }
}

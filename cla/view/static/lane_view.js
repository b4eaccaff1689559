// One lane's canvas: probabilities, events, the newest token's attention, landmarks, and the input.

/** @import { Axis, Choice, Table, TextAt, Theme } from "./types.js" */
/** @import { InputTrack } from "./input_track.js" */

import { AttentionChart } from "./attention_chart.js";
import { clear, contextOf, Strip, tokensPerColumn } from "./canvas.js";
import { areKeys, drawCircle, keyAt } from "./circle.js";
import { decimal, words } from "./format.js";
import { layoutOf, sizesNow, TOP } from "./lane_layout.js";
import { drawEvents, drawNames, drawNotes } from "./lane_marks.js";
import { keep } from "./numbers.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
// Of an answer that is repeated.
const STALE = 0.4;
/** @typedef {CanvasRenderingContext2D} Context */
/**
 * A token as a lane saw it; of one from before the lane was there, what it would have said; `stale` repeats the one before.
 * @typedef {{index: number, probabilities: Float32Array, event: string | null, stale?: boolean}} SaidToken
 * @typedef {SaidToken & {validTokens?: number, attention?: Table, stretches?: Table}} SeenToken
 */

export class LaneView {
  /** @type {{index: number, probabilities: Float32Array, stale: boolean}[]} */
  tokens;
  /** @type {{index: number, label: string}[]} */
  events;
  /** The first token that came; those before it were put there. */
  first = 0;
  /** Changes of settings. @type {{index: number, text: string}[]} */
  notes;
  newest = 0;
  window = 0;
  /** By how much all is enlarged. */
  zoom = 1;
  /** Of the names of the classes, or of their circle. */
  labelsWidth = 0;
  /** @type {ReturnType<typeof layoutOf>} */
  layout;
  /** @type {Strip} */
  strip;
  attention = new AttentionChart();
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
    this.labels = labels.map(words);
    this.circle = areKeys(labels);
    this.hopS = hopS;
    this.track = track;
    this.context = contextOf(canvas);
    this.context.font = FONT;
    this.rows = labels.length - 1;
    this.arrange();
    this.resize(window);
    this.reset();
  }

  /** Find the places of all parts on the page as it is now. */
  arrange() {
    const sizes = sizesNow();
    this.layout = layoutOf(sizes, this.rows, this.track.height, this.circle);
    const widths = this.labels.slice(1).map((label) => this.context.measureText(label).width);
    this.labelsWidth = 8 + (this.circle ? sizes.circle : Math.max(...widths));
    this.enlarge(this.zoom);
  }

  /** Show so many tokens; those that are kept stay. @param {number} window */
  resize(window) {
    this.window = window;
    this.strip = new Strip(2 * window, 1, this.rows, tokensPerColumn(window));
  }

  /** @param {number} zoom */
  enlarge(zoom) {
    this.zoom = zoom;
    this.canvas.style.height = `${Math.round(zoom * this.layout.height)}px`;
  }

  get height() {
    return this.layout.height;
  }

  reset() {
    this.tokens = [];
    this.events = [];
    this.notes = [];
    this.newest = this.first = 0;
    this.attention.reset();
    this.strip.reset();
  }

  /** Take a token; without attention that of the one before stays. @param {SeenToken} token */
  push({ index, probabilities, event, stale = false, validTokens, attention, stretches }) {
    keep(this.tokens, { index, probabilities, stale }, this.window + 2);
    // The window may have become shorter.
    if (this.tokens[0].index < index - this.window - 1) this.tokens = this.tokens.slice(-this.window - 2);
    if (event) this.events.push({ index, label: words(event) });
    const oldest = index - this.window - 2;
    this.events = this.events.filter((each) => each.index > oldest);
    this.notes = this.notes.filter((note) => note.index > oldest);
    this.newest = index;
    if (validTokens !== undefined) this.attention.take(validTokens, attention, stretches);
  }

  /** What the lane would have said, of the tokens before those that it has. @param {SaidToken[]} said */
  putBefore(said) {
    const first = this.tokens[0]?.index ?? 0;
    const before = said.filter(({ index }) => index < first);
    this.tokens = [...before.map((token) => ({ ...token, stale: false })), ...this.tokens].slice(-this.window - 2);
    const events = before.filter(({ event }) => event).map(({ index, event }) => ({ index, label: words(event ?? "") }));
    this.events = [...events, ...this.events];
    this.first = first;
    this.strip.reset();
  }

  /** Mark a change of settings, or what was corrected, at a token. @param {string} text */
  note(text, index = this.newest) {
    this.notes.push({ index, text });
  }

  /**
   * Draw.
   * @param {Theme} theme
   * @param {number} progress 0..1, how far the next token is on its way
   * @param {Choice} choice
   */
  draw(theme, progress, choice) {
    const { context, newest } = this;
    if (sizesNow() !== this.layout.sizes) this.arrange();
    const width = clear(context, this.layout.height, this.zoom);
    context.font = FONT;
    const { rowHeight } = this.layout;
    const said = this.tokens.at(-1)?.probabilities;
    if (this.circle) drawCircle(context, theme, this.labels, said, this.ring);
    else {
      const heard = new Set(this.events.map(({ label }) => label));
      drawNames(context, theme, this.labels, said, heard, { right: this.labelsWidth - 5, top: TOP, rowHeight });
    }
    const step = (width - this.labelsWidth) / this.window;
    /** @param {number} index */
    const left = (index) => width - (newest - index + 1 + progress) * step;
    const axis = { newest, left, step };
    this.shown = { ...axis, ...choice };
    context.save();
    context.beginPath();
    context.rect(this.labelsWidth, 0, width - this.labelsWidth, this.layout.height);
    context.clip();
    if (this.tokens.length) {
      this.drawStrip(context, theme, axis);
      const { strip, gap: top, bars } = this.layout.bottoms;
      drawEvents(context, theme, this.events, axis, { start: this.labelsWidth, width, top: TOP, bottom: strip });
      context.font = FONT;
      drawNotes(context, theme, this.notes, axis, { top: TOP, text: top + 14, bottom: bars });
      context.textAlign = "left";
      const place = { top, height: this.layout.sizes.bars, stretches: bars + 3, start: this.labelsWidth, width };
      this.attention.draw(context, theme, axis, choice, place);
      const input = this.layout.bottoms.stretches;
      this.track.draw(context, theme, { ...axis, top: input, mirrored: Boolean(choice.mirrored) });
      if (this.tokens[0].index < this.first) {
        context.fillStyle = theme.faint;
        context.textAlign = "right";
        context.fillText(say("put_before"), left(this.first) - 4, input + this.track.height / 2);
      }
    } else {
      context.fillStyle = theme.faint;
      context.fillText(say("nothing"), this.labelsWidth + 8, TOP + 16);
    }
    context.restore();
    this.drawAxes(context, theme, width);
  }

  /** Where the circle of keys is. */
  get ring() {
    const radius = this.layout.sizes.circle / 2;
    return { x: radius + 1, y: TOP + radius, radius: radius - 1 };
  }

  /**
   * What the bars are, and the time that all parts share.
   * @param {Context} context
   * @param {Theme} theme
   * @param {number} width
   */
  drawAxes(context, theme, width) {
    context.fillStyle = theme.line;
    context.fillRect(this.labelsWidth, this.layout.bottoms.strip, width - this.labelsWidth, 1);
    context.fillStyle = theme.faint;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(say("newest"), this.labelsWidth + 4, this.layout.bottoms.gap + 2);
    context.fillText(`−${decimal(this.window * this.hopS, 1)} s`, this.labelsWidth, this.layout.height - 7);
    context.textAlign = "right";
    context.fillText(say("now"), width, this.layout.height - 7);
  }

  /** @param {Context} context @param {Theme} theme @param {Axis} axis */
  drawStrip(context, theme, { newest, left, step }) {
    this.strip.paint(this.tokens, theme, (strip, tokens, x) => {
      for (let row = 0; row < this.rows; row++) {
        const most = Math.max(...tokens.map(({ probabilities, stale }) => (stale ? STALE : 1) * probabilities[row + 1]));
        strip.fillStyle = `rgb(${theme.scale(most)})`;
        strip.fillRect(x, row, 1, 1);
      }
    });
    context.imageSmoothingEnabled = false;
    const place = { left, step, top: TOP, height: this.rows * this.layout.rowHeight };
    this.strip.draw(context, place, this.tokens[0].index, newest + 1);
  }

  /** The token whose probabilities or whose input lie at a place of the canvas. @param {number} shownX @param {number} shownY */
  tokenAt(shownX, shownY) {
    const [x, y] = [shownX / this.zoom, shownY / this.zoom];
    const { strip, stretches } = this.layout.bottoms;
    if (!this.shown || x < this.labelsWidth || (y > strip && y < stretches)) return null;
    const index = this.newest + Math.floor((x - this.shown.left(this.newest)) / this.shown.step);
    return index <= this.newest && index >= (this.tokens[0]?.index ?? Infinity) ? index : null;
  }

  /** What lies at a place of the canvas, in words. @type {TextAt} */
  at(shownX, shownY) {
    const [x, y] = [shownX / this.zoom, shownY / this.zoom];
    if (!this.shown || !this.tokens.length || y < TOP) return null;
    if (x < this.labelsWidth) {
      const { x: middle, y: height, radius } = this.ring;
      const key = this.circle ? keyAt((x - middle) / radius, (y - height) / radius) : 0;
      return key ? `${this.labels[key]} ${decimal(this.tokens[this.tokens.length - 1].probabilities[key], 3)}` : null;
    }
    const { step, left } = this.shown;
    const index = this.newest + Math.floor((x - left(this.newest)) / step);
    const age = this.newest - index;
    const time = `−${decimal(age * this.hopS, 2)} s`;
    if (age < 0) return null;
    if (y < this.layout.bottoms.strip) {
      const row = Math.floor((y - TOP) / this.layout.rowHeight) + 1;
      const token = this.tokens.find((each) => each.index === index);
      return token ? `${time}: ${this.labels[row]} ${decimal(token.probabilities[row], 3)}` : null;
    }
    if (y < this.layout.bottoms.bars) return this.attention.at(x, y, this.shown, this.hopS);
    if (y < this.layout.bottoms.stretches) return this.attention.landmarkAt(age, this.hopS);
    const input = this.track.at(index);
    return input ? `${time}: ${input}` : null;
  }
}

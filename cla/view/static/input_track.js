// What the lanes heard or saw, on the time axis of their charts: the waveform or small pictures.

/** @import { Axis, Medium, Picture, Theme } from "./types.js" */

import { contextOf, Strip, tokensPerColumn } from "./canvas.js";
import { decimal } from "./format.js";
import { keep } from "./numbers.js";
import { say } from "./texts.js";

const PEAKS = 8; // a token of sound has so many columns, in a long window one
const ROWS = 34;
const PICTURES = 9; // that fit into a window, beside each other

/** @typedef {Axis & {top: number, mirrored: boolean}} Place */
/** @typedef {{index: number, peaks: number[] | null}} Column */

export class InputTrack {
  /** Loudness that no token rests on yet. @type {{timeS: number, peaks: ArrayLike<number>}[]} */
  waiting;
  /** @type {Column[]} */
  columns = [];
  window = 0;
  /** Tokens between two pictures. */
  every = 1;
  /** Columns of a token of sound. */
  peaks = 1;
  /** @type {Strip} */
  wave;
  /** @type {{index: number, image: HTMLCanvasElement}[]} */
  pictures;
  /** @type {HTMLCanvasElement | null} */
  latest;

  /** One track serves all lanes. @param {number} window their longest @param {Medium} input */
  constructor(window, input) {
    this.input = input;
    this.resize(window);
    this.reset();
  }

  /** Show so many tokens; those that are kept stay. @param {number} window */
  resize(window) {
    this.window = window;
    this.every = Math.ceil(window / PICTURES);
    const per = tokensPerColumn(window);
    this.peaks = per > 1 ? 1 : PEAKS;
    this.wave = new Strip(2 * window, this.peaks, ROWS, per);
    this.columns = this.columns.map(({ index, peaks }) => ({ index, peaks: peaks && resampled(peaks, this.peaks) }));
  }

  get height() {
    return ROWS;
  }

  reset() {
    this.waiting = [];
    this.columns = [];
    this.pictures = [];
    this.latest = null;
    this.wave.reset();
  }

  /** Loudness of 10 ms each, up to a media time. @param {number} timeS @param {ArrayLike<number>} peaks */
  sound(timeS, peaks) {
    keep(this.waiting, { timeS, peaks }, 4 * this.window);
  }

  /** The newest picture; it is kept small. @param {Picture} image */
  picture(image) {
    const small = document.createElement("canvas");
    small.height = 2 * ROWS;
    small.width = Math.round((small.height * image.width) / image.height);
    contextOf(small).drawImage(image, 0, 0, small.width, small.height);
    this.latest = small;
  }

  /** A token that rests on what came up to a media time. @param {number} index @param {number} timeS */
  token(index, timeS) {
    if (this.input === "video") {
      if (this.latest && index - (this.pictures.at(-1)?.index ?? -this.every) >= this.every) {
        this.pictures.push({ index, image: this.latest });
      }
      this.pictures = this.pictures.filter((one) => one.index > index - this.window - this.every);
      return;
    }
    const over = this.waiting.findIndex((one) => one.timeS > timeS + 0.005);
    const heard = this.waiting.splice(0, over < 0 ? this.waiting.length : over);
    const peaks = heard.flatMap((one) => Array.from(one.peaks));
    keep(this.columns, { index, peaks: peaks.length ? resampled(peaks, this.peaks) : null }, this.window + 2);
    if (this.columns[0].index < index - this.window - 1) this.columns = this.columns.slice(-this.window - 2);
  }

  /**
   * Draw below a lane's chart.
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {Place} place
   */
  draw(context, theme, place) {
    if (this.input === "video") this.drawPictures(context, place);
    else if (this.columns.length) this.drawWave(context, theme, place);
  }

  /** @param {CanvasRenderingContext2D} context @param {Theme} theme @param {Place} place */
  drawWave(context, theme, { left, step, top, newest }) {
    this.wave.paint(this.columns, theme, (strip, columns, x) => {
      strip.clearRect(x, 0, this.peaks, ROWS);
      strip.fillStyle = theme.faint;
      for (let i = 0; i < this.peaks; i++) {
        const peak = Math.max(-1, ...columns.map(({ peaks }) => peaks?.[i] ?? -1));
        if (peak < 0) continue;
        // The root lets quiet sound be seen.
        const size = Math.max(1, Math.sqrt(peak) * ROWS);
        strip.fillRect(x + i, (ROWS - size) / 2, 1, size);
      }
    });
    const last = this.columns[this.columns.length - 1].index;
    this.wave.draw(context, { left, step, top, height: ROWS }, this.columns[0].index, Math.min(newest, last) + 1);
  }

  /** @param {CanvasRenderingContext2D} context @param {Place} place */
  drawPictures(context, { left, step, top, mirrored }) {
    for (const { index, image } of this.pictures) {
      // Its right edge is the token that it belongs to.
      const width = Math.min((ROWS * image.width) / image.height, this.every * step - 1);
      const shown = (width / ROWS) * image.height;
      context.save();
      context.translate(left(index) + step - (mirrored ? 0 : width), top);
      if (mirrored) context.scale(-1, 1);
      context.drawImage(image, (image.width - shown) / 2, 0, shown, image.height, 0, 0, width, ROWS);
      context.restore();
    }
  }

  /** How loud a token is, in words. @param {number} index */
  at(index) {
    const peaks = this.columns.find((column) => column.index === index)?.peaks;
    if (!peaks) return null;
    const loudest = Math.max(...peaks);
    return loudest > 0 ? say("at_sound", { level: decimal(20 * Math.log10(loudest), 0) }) : say("at_silence");
  }
}

/** The loudest of each part, for exactly so many parts. @param {number[]} peaks @param {number} parts */
export function resampled(peaks, parts) {
  return Array.from({ length: parts }, (_, at) => {
    const start = Math.floor((at * peaks.length) / parts);
    const end = Math.max(start + 1, Math.floor(((at + 1) * peaks.length) / parts));
    return Math.max(...peaks.slice(start, end));
  });
}

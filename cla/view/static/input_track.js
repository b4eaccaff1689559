// What the lanes heard or saw, on the time axis of their charts: the waveform or small pictures.

import { decimal } from "./format.js";
import { say } from "./texts.js";

const PEAKS = 8; // a token of sound has so many columns
const ROWS = 34;
const PICTURES = 9; // that fit into a window, beside each other

export class InputTrack {
  /** One track serves all lanes; `window` is their longest, `input` "sound" or "video". */
  constructor(window, input) {
    Object.assign(this, { window, input });
    this.every = Math.ceil(window / PICTURES);
    this.wave = document.createElement("canvas");
    this.wave.width = 2 * window * PEAKS;
    this.wave.height = ROWS;
    this.context = this.wave.getContext("2d");
    this.reset();
  }

  get height() {
    return ROWS;
  }

  reset() {
    this.waiting = [];
    this.columns = [];
    this.pictures = [];
    this.latest = this.painted = null;
  }

  /** Loudness of 10 ms each, up to a media time. */
  sound(timeS, peaks) {
    this.waiting.push({ timeS, peaks });
    if (this.waiting.length > 4 * this.window) this.waiting.shift();
  }

  /** The newest picture; it is kept small. */
  picture(image) {
    const small = document.createElement("canvas");
    small.height = 2 * ROWS;
    small.width = Math.round((small.height * image.width) / image.height);
    small.getContext("2d").drawImage(image, 0, 0, small.width, small.height);
    this.latest = small;
  }

  /** A token that rests on what came up to a media time. */
  token(index, timeS) {
    if (this.input === "video") {
      if (this.latest && index - (this.pictures.at(-1)?.index ?? -this.every) >= this.every) {
        this.pictures.push({ index, image: this.latest });
      }
      this.pictures = this.pictures.filter((one) => one.index > index - this.window - this.every);
      return;
    }
    const peaks = [];
    while (this.waiting.length && this.waiting[0].timeS <= timeS + 0.005) peaks.push(...this.waiting.shift().peaks);
    this.columns.push({ index, peaks: peaks.length ? resampled(peaks) : null });
    if (this.columns.length > this.window + 2) this.columns.shift();
  }

  /** Draw below a lane's chart; `left(index)` is where a token begins. */
  draw(context, theme, { left, step, top, newest, mirrored }) {
    if (this.input === "video") this.drawPictures(context, { left, step, top, mirrored });
    else if (this.columns.length) this.drawWave(context, theme, { left, step, top, newest });
  }

  /** Each token is painted once, as its probabilities are. */
  drawWave(context, theme, { left, step, top, newest }) {
    const columns = 2 * this.window;
    for (const { index, peaks } of this.columns) {
      if (this.painted !== null && this.theme === theme && index <= this.painted) continue;
      const start = (index % columns) * PEAKS;
      this.context.clearRect(start, 0, PEAKS, ROWS);
      this.context.fillStyle = theme.faint;
      peaks?.forEach((peak, i) => {
        // The root lets quiet sound be seen.
        const size = Math.max(1, Math.sqrt(peak) * ROWS);
        this.context.fillRect(start + i, (ROWS - size) / 2, 1, size);
      });
    }
    this.painted = this.columns.at(-1).index;
    this.theme = theme;
    const first = this.columns[0].index;
    const last = Math.min(newest, this.painted) + 1;
    const split = Math.min(last, (Math.floor(first / columns) + 1) * columns);
    for (const [from, to] of [[first, split], [split, last]]) {
      if (to <= from) continue;
      context.drawImage(
        this.wave, (from % columns) * PEAKS, 0, (to - from) * PEAKS, ROWS,
        left(from), top, (to - from) * step, ROWS,
      );
    }
  }

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

  /** How loud a token is, in words. */
  at(index) {
    const peaks = this.columns.find((column) => column.index === index)?.peaks;
    if (!peaks) return null;
    const loudest = Math.max(...peaks);
    return loudest > 0 ? say("at_sound", { level: decimal(20 * Math.log10(loudest), 0) }) : say("at_silence");
  }
}

/** The loudest of each part, for exactly `PEAKS` parts. */
function resampled(peaks) {
  return Array.from({ length: PEAKS }, (_, part) => {
    const start = Math.floor((part * peaks.length) / PEAKS);
    const end = Math.max(start + 1, Math.floor(((part + 1) * peaks.length) / PEAKS));
    return Math.max(...peaks.slice(start, end));
  });
}

// The whole clip in one row: its waveform or its pictures, what is known of it, and the cursor.

/** @import { ClipMessage, Theme } from "./types.js" */

import { clear, contextOf } from "./canvas.js";

const HEIGHT = 72;
const WORDS_HEIGHT = 16;

/**
 * @typedef {{words: ClipMessage["words"], durationS: number, samples: Float32Array, pictures: {timeS: number, image: HTMLImageElement}[]}} Clip
 */
/** @typedef {(seconds: number) => number} Across */

export class ClipOverview {
  /** @type {number[]} */
  columnPeaks = [];

  /** @param {HTMLCanvasElement} canvas @param {Clip} clip */
  constructor(canvas, clip) {
    this.canvas = canvas;
    this.clip = clip;
    this.context = contextOf(canvas);
    canvas.style.height = `${HEIGHT}px`;
  }

  /** @param {Theme} theme @param {number} cursorS */
  draw(theme, cursorS) {
    const { context, clip } = this;
    const width = clear(context, HEIGHT);
    /** @type {Across} */
    const x = (seconds) => (seconds / clip.durationS) * width;
    context.font = "11px sans-serif";
    context.textAlign = "center";
    for (const [label, start, end] of clip.words) {
      context.fillStyle = theme.pale(0.08);
      context.fillRect(x(start), 0, x(end) - x(start), HEIGHT);
      context.fillStyle = theme.faint;
      context.fillText(label.replaceAll("_", " "), x((start + end) / 2), 11);
    }
    if (clip.pictures.length) this.drawPictures(width, x);
    else this.drawWave(theme, Math.max(1, Math.floor(width)));
    context.fillStyle = theme.accent;
    context.fillRect(x(cursorS) - 1, 0, 2, HEIGHT);
  }

  /** @param {number} width @param {Across} x */
  drawPictures(width, x) {
    const height = HEIGHT - WORDS_HEIGHT - 2;
    let right = 0;
    for (const { timeS, image } of this.clip.pictures) {
      if (!image.width || x(timeS) < right) continue;
      const shown = (height * image.width) / image.height;
      if (x(timeS) + shown > width) break;
      this.context.drawImage(image, x(timeS), WORDS_HEIGHT, shown, height);
      right = x(timeS) + shown + 2;
    }
  }

  /** @param {Theme} theme @param {number} columns */
  drawWave(theme, columns) {
    this.context.fillStyle = theme.faint;
    // Worked out once for a width.
    if (this.columnPeaks.length !== columns) this.columnPeaks = columnPeaks(this.clip.samples, columns);
    this.columnPeaks.forEach((peak, column) => {
      const height = Math.max(1, peak * (HEIGHT - WORDS_HEIGHT - 2));
      this.context.fillRect(column, WORDS_HEIGHT + (HEIGHT - WORDS_HEIGHT - height) / 2, 0.7, height);
    });
  }
}

/**
 * Largest sample of each column of pixels, the loudest of all 1.
 * @param {Float32Array} samples
 * @param {number} columns
 */
export function columnPeaks(samples, columns) {
  const size = samples.length / columns;
  const peaks = Array.from({ length: columns }, (_, column) => {
    let largest = 0;
    const end = Math.min(samples.length, (column + 1) * size);
    for (let i = Math.floor(column * size); i < end; i++) largest = Math.max(largest, Math.abs(samples[i]));
    return largest;
  });
  const loudest = Math.max(...peaks, 1e-6);
  return peaks.map((peak) => peak / loudest);
}

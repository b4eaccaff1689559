// The whole clip in one row: its waveform or its pictures, what is known of it, and the cursor.

const HEIGHT = 72;
const WORDS_HEIGHT = 16;

export class ClipOverview {
  /** `clip` has: words, durationS, samples, and pictures as [{timeS, image}]. */
  constructor(canvas, clip) {
    Object.assign(this, { canvas, clip });
    this.context = canvas.getContext("2d");
    canvas.style.height = `${HEIGHT}px`;
  }

  draw(theme, cursorS) {
    const { canvas, context, clip } = this;
    const width = canvas.clientWidth;
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== HEIGHT * scale) canvas.height = HEIGHT * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, HEIGHT);
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

  drawWave(theme, columns) {
    this.context.fillStyle = theme.faint;
    this.peaks(columns).forEach((peak, column) => {
      const height = Math.max(1, peak * (HEIGHT - WORDS_HEIGHT - 2));
      this.context.fillRect(column, WORDS_HEIGHT + (HEIGHT - WORDS_HEIGHT - height) / 2, 0.7, height);
    });
  }

  /** Largest sample of each column of pixels, the loudest of all 1; worked out once for a width. */
  peaks(columns) {
    if (this.columnPeaks?.length === columns) return this.columnPeaks;
    const { samples } = this.clip;
    const size = samples.length / columns;
    const peaks = Array.from({ length: columns }, (_, column) => {
      let largest = 0;
      const end = (column + 1) * size;
      for (let i = Math.floor(column * size); i < end; i++) largest = Math.max(largest, Math.abs(samples[i] || 0));
      return largest;
    });
    const loudest = Math.max(...peaks, 1e-6);
    this.columnPeaks = peaks.map((peak) => peak / loudest);
    return this.columnPeaks;
  }
}

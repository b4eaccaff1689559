// Canvases: sharp on every screen, and strips that scroll without being painted anew.

/** @typedef {CanvasRenderingContext2D} Context */

/** What draws on a canvas. @param {HTMLCanvasElement} canvas */
export const contextOf = (canvas) => /** @type {Context} */ (canvas.getContext("2d"));

/** Canvas pixels for each of the page's; more than two are not seen. */
export const pixelRatio = () => Math.min(globalThis.devicePixelRatio || 1, 2);

/**
 * Empty a canvas, as large as it is shown; what is drawn then counts in the page's pixels, enlarged by `zoom`.
 * @param {Context} context
 * @param {number} height
 * @returns its width
 */
export function clear(context, height, zoom = 1) {
  const { canvas } = context;
  const scale = pixelRatio() * zoom;
  const width = canvas.clientWidth / zoom;
  resize(canvas, Math.round(width * scale), Math.round(height * scale));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return width;
}

/**
 * Give a canvas a size; one that it has already keeps what is drawn.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

// No chart has many more pixels across.
const COLUMNS = 600;

/** How many tokens one column of a strip stands for, where so many are shown. @param {number} window */
export const tokensPerColumn = (window) => Math.max(1, Math.floor(window / COLUMNS));

/** A ring of small columns: each token is painted once, and all are scaled onto a chart at once. */
export class Strip {
  /** The last token painted, and in which theme. @type {number | null} */
  painted = null;
  /** @type {unknown} */
  theme = null;

  /**
   * @param {number} tokens that it holds
   * @param {number} width pixels of a column
   * @param {number} height
   * @param {number} per tokens that share a column
   */
  constructor(tokens, width, height, per = 1) {
    const columns = Math.ceil(tokens / per);
    this.tokens = columns * per;
    this.width = width;
    this.height = height;
    this.per = per;
    this.canvas = document.createElement("canvas");
    resize(this.canvas, columns * width, height);
    this.context = contextOf(this.canvas);
  }

  /** Where a token lies in the ring; those before a stream have negative indices. @param {number} index */
  place(index) {
    return ((index % this.tokens) + this.tokens) % this.tokens;
  }

  /** What was painted counts no more. */
  reset() {
    this.painted = null;
  }

  /**
   * Paint the tokens that are new, or all of them in another theme.
   * @template {{index: number}} Token
   * @param {Token[]} tokens in their order
   * @param {unknown} theme
   * @param {(context: Context, tokens: Token[], x: number) => void} paintColumn given all tokens of a column so far
   */
  paint(tokens, theme, paintColumn) {
    const painted = this.theme === theme ? (this.painted ?? -Infinity) : -Infinity;
    const { per } = this;
    let end = tokens.length;
    // From the newest column back to the one that has nothing new.
    while (end > 0 && tokens[end - 1].index > painted) {
      const column = Math.floor(tokens[end - 1].index / per);
      let first = end - 1;
      while (first > 0 && tokens[first - 1].index >= column * per) first--;
      paintColumn(this.context, tokens.slice(first, end), (this.place(column * per) / per) * this.width);
      end = first;
    }
    this.painted = tokens[tokens.length - 1].index;
    this.theme = theme;
  }

  /**
   * Draw tokens `first` to before `end`, in two pieces where they go over the ring's edge.
   * @param {Context} context
   * @param {{left: (index: number) => number, step: number, top: number, height: number}} place
   * @param {number} first
   * @param {number} end
   */
  draw(context, { left, step, top, height }, first, end) {
    const split = Math.min(end, (Math.floor(first / this.tokens) + 1) * this.tokens);
    for (const [from, to] of [[first, split], [split, end]]) {
      if (to <= from) continue;
      context.drawImage(
        this.canvas, (this.place(from) / this.per) * this.width, 0, ((to - from) / this.per) * this.width, this.height,
        left(from), top, (to - from) * step, height,
      );
    }
  }
}

// The newest token's attention over the window, its newest part larger where the window is long, and landmarks.

/** @import { Axis, Choice, Table, Theme } from "./types.js" */

import { drawBars, drawStretches, rowOf, stretchAt } from "./attention_rows.js";
import { decimal, integer } from "./format.js";
import { say } from "./texts.js";

// From so many pixels a token on, single tokens can be seen.
const READABLE = 1;
const NEWEST = 120;
// Of the height: the whole window above, the newest tokens below.
const WHOLE = 0.55;
const GAP = 12;

/** @typedef {{top: number, height: number, stretches: number, start: number, width: number}} Place */

export class AttentionChart {
  /** The newest token's attention, [L, H, N]. @type {Table | undefined} */
  attention;
  /** @type {Table | undefined} */
  stretches;
  validTokens = 0;
  /** The row that was asked for last, and what it is of. @type {Float32Array | null} */
  row = null;
  /** @type {unknown[]} */
  rowOf = [];

  reset() {
    this.attention = this.stretches = undefined;
    this.validTokens = 0;
  }

  /** Take a token's; without attention that of the one before stays. @param {number} valid @param {Table} [attention] @param {Table} [stretches] */
  take(valid, attention, stretches) {
    this.validTokens = valid;
    if (attention) this.attention = attention;
    this.stretches = stretches;
  }

  /** The row of a head and a layer; made once for each token. @param {Choice} choice */
  rowFor({ head, layer }) {
    const of = [this.attention, head, layer];
    if (of.some((each, at) => each !== this.rowOf[at])) this.row = this.attention ? rowOf(this.attention, layer, head) : null;
    this.rowOf = of;
    return this.attention ? this.row : null;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {Axis} axis of the whole chart
   * @param {Choice} choice
   * @param {Place} place
   */
  draw(context, theme, axis, choice, { top, height, stretches, start, width }) {
    const row = this.rowFor(choice);
    const split = axis.step < READABLE && row !== null && row.length > NEWEST;
    const whole = split ? Math.round(WHOLE * height) : height;
    this.near = split ? { ...nearAxis(axis, start, width), top: top + whole + GAP, bottom: top + height } : null;
    if (row) {
      const full = this.validTokens >= row.length;
      drawBars(context, theme, row, { ...axis, top, height: whole, start, full });
      if (this.near) {
        const part = row.subarray(row.length - NEWEST);
        drawBars(context, theme, part, { ...this.near, height: this.near.bottom - this.near.top, start, full });
        context.fillStyle = theme.faint;
        context.fillText(say("newest_tokens", { count: NEWEST }), start + 4, this.near.top - GAP / 2 + 1);
      }
    }
    if (this.stretches) drawStretches(context, theme, this.stretches, { ...axis, top: stretches });
    if (!choice.fixed) return;
    context.fillStyle = theme.faint;
    context.font = "10px sans-serif";
    context.fillText(say("fixed_stretch"), start + 4, stretches + 4);
  }

  /**
   * What a token is attended to, in words: its time, its number and its share; of those behind one pixel the one with most.
   * @param {number} x
   * @param {number} y
   * @param {Axis & Choice} axis
   * @param {number} hopS
   */
  at(x, y, axis, hopS) {
    const row = this.rowFor(axis);
    if (!row) return null;
    const { left, step } = this.near && y >= this.near.top ? this.near : axis;
    const { newest } = axis;
    const first = newest + Math.floor((x - left(newest)) / step);
    let best = -1;
    for (let index = first; index < Math.max(first + 1, first + 1 / step); index++) {
      const at = row.length - 1 - (newest - index);
      if (at >= 0 && at < row.length && (best < 0 || row[at] > row[best])) best = at;
    }
    if (best < 0) return null;
    const age = row.length - 1 - best;
    const share = say("at_share", { token: integer(newest - age), share: decimal(100 * row[best], 2) });
    return `−${decimal(age * hopS, 2)} s: ${share}`;
  }

  /** The landmark of a token, in words. @param {number} age @param {number} hopS */
  landmarkAt(age, hopS) {
    return this.stretches ? stretchAt(this.stretches, age, hopS) : null;
  }
}

/** The axis of the newest tokens alone. @param {Axis} axis @param {number} start @param {number} width */
function nearAxis({ newest }, start, width) {
  const step = (width - start) / NEWEST;
  return { newest, step, left: /** @param {number} index */ (index) => width - (newest - index + 1) * step };
}

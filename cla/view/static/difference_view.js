// Two lanes on the same tokens: where their labels, probabilities and attention differ.

/** @import { Axis, Choice, Lane, Pair, TextAt, Theme } from "./types.js" */
/** @import { Agreement } from "./agreement.js" */
/** @import { Compared } from "./difference.js" */
/** @import { LaneView } from "./lane_view.js" */
/** @import { Tip } from "./tip.js" */

import { drawBars } from "./attention_rows.js";
import { clear, contextOf } from "./canvas.js";
import { fill } from "./controls.js";
import { apart, compared, moved, runs } from "./difference.js";
import { byTestId, part } from "./dom.js";
import { decimal, words } from "./format.js";
import { swatch } from "./looks.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
const LABELS = { top: 4, height: 16 };
const DISTANCE = { top: 56, height: 44 };
const ATTENTION = { top: 124, height: 60 };
const HEIGHT = 204;

/** A label in words; the first is none of the classes. @param {string[]} labels @param {number} label */
const named = (labels, label) => (label ? words(labels[label]) : say("no_class"));

export class DifferenceView {
  /** The lanes there are, and their views. @type {Lane[]} */
  lanes = [];
  /** @type {LaneView[]} */
  views = [];
  /**
   * What was drawn last.
   * @type {Axis & {tokens: Compared[], row: Float32Array | null, hopS: number, labels: string[]} | undefined}
   */
  shown;

  /**
   * @param {HTMLElement} element
   * @param {Tip} tip
   * @param {Pair} pair the lanes to compare
   * @param {(pair: Pair) => void} onPair told of those the visitor chooses
   */
  constructor(element, tip, pair, onPair) {
    this.pair = pair;
    /** What the visitor chose, also while there are fewer lanes. */
    this.wished = pair;
    element.innerHTML = `
      <div class="bar" role="group" aria-label="${say("pair")}">
        <label><span data-swatch="0"></span><select data-testid="pair-0" aria-label="${say("pair_first")}"></select></label>
        <span aria-hidden="true">↔</span>
        <label><span data-swatch="1"></span><select data-testid="pair-1" aria-label="${say("pair_second")}"></select></label>
      </div>
      <p data-testid="difference-shares"></p>
      <canvas role="img" aria-label="${say("difference_alt")}" style="height:${HEIGHT}px"></canvas>
      <p class="faint" data-testid="difference-now"></p>`;
    /** @type {HTMLSelectElement} */
    const first = byTestId(element, "pair-0");
    /** @type {HTMLSelectElement} */
    const second = byTestId(element, "pair-1");
    this.selects = [first, second];
    this.swatches = [part(element, "[data-swatch='0']"), part(element, "[data-swatch='1']")];
    this.shares = byTestId(element, "difference-shares");
    this.now = byTestId(element, "difference-now");
    /** @type {HTMLCanvasElement} */
    this.canvas = part(element, "canvas");
    this.context = contextOf(this.canvas);
    for (const select of this.selects) select.onchange = () => {
      this.choose([Number(first.value), Number(second.value)]);
      this.wished = this.pair;
      onPair(this.pair);
    };
    tip.follow(this.canvas, (x, y) => this.at(x, y));
  }

  /** @param {Lane[]} lanes @param {string[]} titles in words @param {LaneView[]} views */
  show(lanes, titles, views) {
    this.lanes = lanes;
    this.views = views;
    for (const select of this.selects) fill(select, titles.map((title, at) => [at, `${at + 1}: ${title}`]));
    this.choose(this.wished.every((at) => at < lanes.length) ? this.wished : [0, 1]);
  }

  /** @param {Pair} pair */
  choose(pair) {
    this.pair = apart(pair, this.pair);
    this.pair.forEach((at, i) => {
      this.selects[i].value = String(at);
      this.swatches[i].innerHTML = swatch(this.lanes[at]);
    });
  }

  /** @param {Theme} theme @param {number} progress @param {Choice} choice */
  draw(theme, progress, choice) {
    const { canvas, context } = this;
    if (!canvas.clientWidth || !this.lanes.length) return;
    const width = clear(context, HEIGHT);
    context.font = FONT;
    context.textBaseline = "middle";
    const [first, second] = this.pair.map((at) => this.views[at]);
    const { newest, window, hopS } = first;
    const start = 22;
    const step = (width - start) / window;
    /** @param {number} index */
    const left = (index) => width - (newest - index + 1 + progress) * step;
    const axis = { newest, left, step };
    const tokens = compared(first.tokens, second.tokens);
    const row = moved(first.attention.attention, second.attention.attention, choice);
    this.shown = { ...axis, tokens, row, hopS, labels: first.labels };
    this.drawNames(theme);
    context.save();
    context.beginPath();
    context.rect(start, 0, width, HEIGHT);
    context.clip();
    this.drawLabels(theme, tokens, first.labels, axis);
    this.drawDistance(theme, tokens, axis, start);
    if (row) drawBars(context, theme, row, { ...axis, ...ATTENTION, start, full: first.attention.validTokens >= row.length });
    context.restore();
    this.drawTitles(theme, start, width, window * hopS);
  }

  /** @param {Theme} theme */
  drawNames(theme) {
    this.context.fillStyle = theme.faint;
    this.context.textAlign = "left";
    this.pair.forEach((lane, at) => {
      this.context.fillText(String(lane + 1), 6, LABELS.top + (at + 0.5) * LABELS.height);
    });
  }

  /**
   * What each says, in runs of the same label; tokens on which they differ are marked between.
   * @param {Theme} theme
   * @param {Compared[]} tokens
   * @param {string[]} labels
   * @param {Axis} axis
   */
  drawLabels(theme, tokens, labels, { left, step }) {
    const { context } = this;
    for (const at of /** @type {const} */ ([0, 1])) {
      const top = LABELS.top + at * LABELS.height;
      for (const [from, to, label] of runs(tokens.map(({ index, leaders }) => [index, leaders[at]]))) {
        if (!label) continue;
        context.fillStyle = theme.pale(0.14);
        context.fillRect(left(from), top, (to - from + 1) * step - 1, LABELS.height - 2);
        context.fillStyle = theme.text;
        const room = (to - from + 1) * step;
        if (context.measureText(labels[label]).width < room) context.fillText(labels[label], left(from) + 2, top + 7);
      }
    }
    context.fillStyle = `rgb(${theme.diverging(-1)})`;
    for (const { index, leaders } of tokens) {
      if (leaders[0] !== leaders[1]) context.fillRect(left(index), LABELS.top + 2 * LABELS.height, Math.max(step - 0.5, 1), 4);
    }
  }

  /** @param {Theme} theme @param {Compared[]} tokens @param {Axis} axis @param {number} start */
  drawDistance(theme, tokens, { left, step }, start) {
    const { context } = this;
    const bottom = DISTANCE.top + DISTANCE.height;
    context.fillStyle = theme.accent;
    for (const { index, distance } of tokens) {
      const height = Math.max(distance * DISTANCE.height, 0.5);
      context.fillRect(left(index), bottom - height, Math.max(step - 0.6, 0.6), height);
    }
    context.fillStyle = theme.line;
    for (const y of [DISTANCE.top, bottom]) context.fillRect(start, y, this.canvas.clientWidth, 1);
  }

  /** @param {Theme} theme @param {number} start @param {number} width @param {number} seconds */
  drawTitles(theme, start, width, seconds) {
    const { context } = this;
    context.fillStyle = theme.faint;
    context.textAlign = "left";
    context.fillText(say("difference_distance"), start, DISTANCE.top - 7);
    context.fillText(say("difference_attention", { first: this.pair[0] + 1, second: this.pair[1] + 1 }), start, ATTENTION.top - 8);
    context.fillText(`−${decimal(seconds, 1)} s`, start, HEIGHT - 7);
    context.fillText("1", 6, DISTANCE.top + 4);
    context.fillText("0", 6, DISTANCE.top + DISTANCE.height - 3);
    context.textAlign = "right";
    context.fillText(say("now"), width, HEIGHT - 7);
  }

  /** Refresh the words; called a few times a second. @param {Agreement["of"]} agreed of two lanes by their places */
  refresh(agreed) {
    const newest = this.shown?.tokens.at(-1);
    const { all, tokens, recent, recentTokens } = agreed(...this.pair);
    if (!this.shown || !newest || !tokens) {
      this.shares.textContent = say("nothing");
      return;
    }
    this.shares.textContent = say("difference_shares", {
      all: decimal(all, 1), tokens, recent: decimal(recent, 1), window: recentTokens,
    });
    const { labels, row } = this.shown;
    const { a, b, leaders, distance } = newest;
    const [first, second] = leaders.map((label) => named(labels, label));
    this.now.textContent = say("difference_now", {
      first, second, firstP: decimal(a[leaders[0]], 2), secondP: decimal(b[leaders[1]], 2), distance: decimal(distance, 3),
      moved: row ? decimal(50 * row.reduce((sum, value) => sum + Math.abs(value), 0), 0) : "–",
    });
  }

  /** @type {TextAt} */
  at(x, y) {
    const shown = this.shown;
    if (!shown?.tokens.length || x < 22) return null;
    const index = shown.newest + Math.floor((x - shown.left(shown.newest)) / shown.step);
    const age = shown.newest - index;
    const time = `−${decimal(age * shown.hopS, 2)} s`;
    if (y > ATTENTION.top) {
      const value = shown.row?.[shown.row.length - 1 - age];
      return value === undefined ? null : `${time}: ${say("at_attention", { weight: decimal(value, 4) })}`;
    }
    const token = shown.tokens.find((each) => each.index === index);
    if (!token) return null;
    const [first, second] = token.leaders.map((label) => named(shown.labels, label));
    return `${time}: ${first} ${decimal(token.a[token.leaders[0]], 2)} ↔ ${second} ${decimal(token.b[token.leaders[1]], 2)}, ` +
      say("at_distance", { distance: decimal(token.distance, 3) });
  }
}

// Two lanes on the same tokens: where their labels, probabilities and attention differ.

import { rowOf, drawBars } from "./attention_rows.js";
import { fill } from "./controls.js";
import { decimal, words } from "./format.js";
import { swatch } from "./looks.js";
import { say } from "./texts.js";

const FONT = "11px sans-serif";
const LABELS = { top: 4, height: 16 };
const DISTANCE = { top: 56, height: 44 };
const ATTENTION = { top: 124, height: 60 };
const HEIGHT = 204;

/** A label in words; the first is none of the classes. */
const named = (labels, label) => (label ? words(labels[label]) : say("no_class"));

export class DifferenceView {
  /** `pair` are the places of the lanes to compare; `onPair` is told of those the visitor chooses. */
  constructor(element, tip, pair, onPair) {
    Object.assign(this, { element, pair, wished: pair });
    element.innerHTML = `
      <div class="bar" role="group" aria-label="${say("pair")}">
        <label><span data-swatch="0"></span><select data-testid="pair-0" aria-label="${say("pair_first")}"></select></label>
        <span aria-hidden="true">↔</span>
        <label><span data-swatch="1"></span><select data-testid="pair-1" aria-label="${say("pair_second")}"></select></label>
      </div>
      <p data-testid="difference-shares"></p>
      <canvas role="img" aria-label="${say("difference_alt")}" style="height:${HEIGHT}px"></canvas>
      <p class="faint" data-testid="difference-now"></p>`;
    this.find = (selector) => element.querySelector(selector);
    this.selects = [0, 1].map((at) => this.find(`[data-testid="pair-${at}"]`));
    this.canvas = this.find("canvas");
    this.context = this.canvas.getContext("2d");
    for (const select of this.selects) select.onchange = () => {
      this.choose(this.selects.map(({ value }) => Number(value)));
      this.wished = this.pair;
      onPair(this.pair);
    };
    tip.follow(this.canvas, (x, y) => this.at(x, y));
  }

  /** The lanes there are: [{name, kind, ...}], their names in words, and their views. */
  show(lanes, titles, views) {
    Object.assign(this, { lanes, titles, views });
    for (const select of this.selects) fill(select, titles.map((title, at) => [at, `${at + 1}: ${title}`]));
    this.choose(this.wished.every((at) => at < lanes.length) ? this.wished : [0, 1]);
  }

  choose([a, b]) {
    // A lane beside itself says nothing: the other one gives way.
    if (a === b) [a, b] = a === this.pair[0] ? [this.pair[1], b] : [a, this.pair[0]];
    this.pair = [a, b];
    this.selects.forEach((select, at) => { select.value = this.pair[at]; });
    this.pair.forEach((at, i) => { this.find(`[data-swatch="${i}"]`).innerHTML = swatch(this.lanes[at]); });
  }

  get chosen() {
    return this.pair.map((at) => this.views[at]);
  }

  /** Token by token what both say: [{index, a, b, labels, distance}]. */
  tokens() {
    const [first, second] = this.chosen;
    const others = new Map(second.tokens.map((token) => [token.index, token.probabilities]));
    return first.tokens.filter(({ index }) => others.has(index)).map(({ index, probabilities: a }) => {
      const b = others.get(index);
      const gap = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / 2;
      return { index, a, b, leaders: [leader(a), leader(b)], distance: gap };
    });
  }

  /** Weights of the first lane less those of the second, over the longer window. */
  attention({ layer, head }) {
    const rows = this.chosen.map(({ attention }) => attention && rowOf(attention, layer, head));
    if (!rows[0] || !rows[1]) return null;
    const size = Math.max(...rows.map(({ length }) => length));
    const [a, b] = rows.map((row) => (age) => row[row.length - 1 - age] ?? 0);
    return Float32Array.from({ length: size }, (_, at) => a(size - 1 - at) - b(size - 1 - at));
  }

  draw(theme, progress, choice) {
    const { canvas, context } = this;
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    const width = canvas.clientWidth;
    if (!width || !this.lanes) return;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== HEIGHT * scale) canvas.height = HEIGHT * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, HEIGHT);
    context.font = FONT;
    context.textBaseline = "middle";
    const [first] = this.chosen;
    const { newest, window, hopS } = first;
    const start = 22;
    const step = (width - start) / window;
    const left = (index) => width - (newest - index + 1 + progress) * step;
    const tokens = this.tokens();
    this.shown = { tokens, row: this.attention(choice), step, left, newest, hopS, labels: first.labels };
    this.drawNames(theme);
    context.save();
    context.beginPath();
    context.rect(start, 0, width, HEIGHT);
    context.clip();
    this.drawLabels(theme, tokens, left, step);
    this.drawDistance(theme, tokens, left, step, start);
    if (this.shown.row) {
      const place = { newest, left, step, top: ATTENTION.top, height: ATTENTION.height, start };
      drawBars(context, theme, this.shown.row, { ...place, full: first.validTokens >= this.shown.row.length });
    }
    context.restore();
    this.drawTitles(theme, start, width, window * hopS);
  }

  drawNames(theme) {
    this.context.fillStyle = theme.faint;
    this.context.textAlign = "left";
    this.pair.forEach((lane, at) => this.context.fillText(String(lane + 1), 6, LABELS.top + (at + 0.5) * LABELS.height));
  }

  /** What each says, in runs of the same label; tokens on which they differ are marked between. */
  drawLabels(theme, tokens, left, step) {
    const { context } = this;
    const labels = this.shown.labels;
    for (const at of [0, 1]) {
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

  drawDistance(theme, tokens, left, step, start) {
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

  /** Refresh the words; called a few times a second. */
  refresh(agreement) {
    if (!this.lanes || !agreement.tokens || !this.shown?.tokens.length) {
      this.find("p").textContent = say("nothing");
      return;
    }
    const { all, tokens, recent, recentTokens } = agreement.of(...this.pair);
    this.find("p").textContent = say("difference_shares", {
      all: decimal(all, 1), tokens, recent: decimal(recent, 1), window: recentTokens,
    });
    const { a, b, leaders, distance } = this.shown.tokens.at(-1);
    const [first, second] = leaders.map((label) => named(this.shown.labels, label));
    const moved = this.shown.row ? decimal(50 * this.shown.row.reduce((sum, value) => sum + Math.abs(value), 0), 0) : "–";
    this.find("p:last-child").textContent = say("difference_now", {
      first, second, firstP: decimal(a[leaders[0]], 2), secondP: decimal(b[leaders[1]], 2), distance: decimal(distance, 3), moved,
    });
  }

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

const leader = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** Neighbors of the same value as [first, last, value]. */
function runs(pairs) {
  const found = [];
  for (const [index, value] of pairs) {
    const last = found.at(-1);
    if (last && last[2] === value && last[1] === index - 1) last[1] = index;
    else found.push([index, index, value]);
  }
  return found;
}

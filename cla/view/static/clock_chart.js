// Time a token against tokens attended, both logarithmic: what this page has measured, and operations as lines behind.

/** @import { Lane, Theme } from "./types.js" */
/** @import { LanePanel } from "./lane_panel.js" */

import { clear, contextOf } from "./canvas.js";
import { decimal, integer } from "./format.js";
import { lookOf } from "./looks.js";
import { keep, steady } from "./numbers.js";
import { say } from "./texts.js";

const HEIGHT = 240;
const LEFT = 62;
const BOTTOM = 34;
const TOP = 8;
const FONT = "11px sans-serif";
const WINDOWS = [16, 4_096];
const KEPT = 120;
// A place of the chart is the mean of so many steps at least.
const FEWEST = 8;
const PALE = 0.35;

/** The place on the chart of so many tokens: half octaves. @param {number} tokens */
export const placeOf = (tokens) => Math.round(2 ** (Math.round(2 * Math.log2(tokens)) / 2));

/** A curve at a window, straight between its points where both are logarithmic. @param {[number, number][]} curve @param {number} window */
export function valueAt(curve, window) {
  const after = curve.findIndex(([each]) => each >= window);
  if (after < 0) return null;
  const [x1, y1] = curve[after];
  if (after === 0) return x1 === window ? y1 : null;
  const [x0, y0] = curve[after - 1];
  return y0 * (y1 / y0) ** (Math.log(window / x0) / Math.log(x1 / x0));
}

/** Milliseconds of a lane's steps by the tokens that they attended to. */
export class Measured {
  /** @type {Map<number, number[]>} */
  steps = new Map();

  /** @param {number} tokens @param {number} ms */
  push(tokens, ms) {
    const place = placeOf(tokens);
    const steps = this.steps.get(place) ?? [];
    this.steps.set(place, steps);
    keep(steps, ms, KEPT);
  }

  /** Tokens and milliseconds, from the fewest tokens on. @returns {[number, number][]} */
  get points() {
    const enough = [...this.steps].filter(([, steps]) => steps.length >= FEWEST);
    return enough.map(([tokens, steps]) => /** @type {[number, number]} */ ([tokens, steady(steps)])).sort(([a], [b]) => a - b);
  }
}

/** What of a lane its times depend on beside its window. @param {Lane} lane */
const systemOf = ({ kind, landmark_mode: mode, num_landmarks: count, num_layers: layers }) => [kind, mode, count, layers].join(" ");

export class ClockChart {
  /** By system, for as long as the page is open. @type {Map<string, {lane: Lane, measured: Measured}>} */
  systems = new Map();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = contextOf(canvas);
    canvas.style.height = `${HEIGHT}px`;
  }

  reset() {
    this.systems.clear();
  }

  /** @param {Lane} lane @param {number} tokens @param {number} ms */
  push(lane, tokens, ms) {
    const system = systemOf(lane);
    const known = this.systems.get(system) ?? { lane, measured: new Measured() };
    this.systems.set(system, known);
    if (tokens >= WINDOWS[0]) known.measured.push(tokens, ms);
  }

  /** @param {Theme} theme @param {Lane[]} lanes @param {LanePanel[]} panels */
  draw(theme, lanes, panels) {
    const { context } = this;
    if (!this.canvas.clientWidth) return;
    const width = clear(context, HEIGHT);
    const found = [...this.systems.values()].map(({ lane, measured }) => ({ lane, points: measured.points }));
    const perOp = speedOf(lanes, panels);
    const lines = perOp ? lanes.map((lane) => lane.curve.map(([tokens, ops]) => /** @type {[number, number]} */ ([tokens, ops * perOp]))) : [];
    const times = [...found.flatMap(({ points }) => points), ...lines.flat()].map(([, ms]) => ms);
    const [least, most] = [Math.min(...times, 0.01), Math.max(...times, 1)].map(Math.log10);
    const [low, high] = [Math.floor(least), Math.ceil(most)];
    /** @param {number} tokens */
    const x = (tokens) => LEFT + (Math.log(tokens / WINDOWS[0]) / Math.log(WINDOWS[1] / WINDOWS[0])) * (width - LEFT - 12);
    /** @param {number} ms */
    const y = (ms) => TOP + ((high - Math.log10(ms)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    this.drawAxes(theme, width, x, y, low, high);
    /** @param {Lane} lane @param {[number, number][]} points @param {number} alpha @param {number} line */
    const trace = (lane, points, alpha, line) => {
      const { color, dash } = lookOf(lane);
      Object.assign(context, { strokeStyle: color, fillStyle: color, globalAlpha: alpha, lineWidth: line });
      context.setLineDash(dash);
      context.beginPath();
      for (const [tokens, ms] of points) context.lineTo(x(tokens), y(ms));
      context.stroke();
    };
    lines.forEach((points, at) => { trace(lanes[at], points, PALE, 1.5); });
    for (const { lane, points } of found) {
      trace(lane, points, 1, 2);
      for (const [tokens, ms] of points) context.fillRect(x(tokens) - 2.5, y(ms) - 2.5, 5, 5);
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  /**
   * @param {Theme} theme
   * @param {number} width
   * @param {(tokens: number) => number} x
   * @param {(ms: number) => number} y
   * @param {number} low
   * @param {number} high powers of ten
   */
  drawAxes(theme, width, x, y, low, high) {
    const { context } = this;
    context.font = FONT;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (let power = low; power <= high; power++) {
      context.fillStyle = theme.line;
      context.fillRect(LEFT, y(10 ** power), width - LEFT, 1);
      context.fillStyle = theme.faint;
      context.fillText(power < 3 ? `${power < 0 ? decimal(10 ** power, -power) : integer(10 ** power)} ms` : `${integer(10 ** (power - 3))} s`, LEFT - 6, y(10 ** power));
    }
    context.textAlign = "center";
    for (let tokens = WINDOWS[0]; tokens <= WINDOWS[1]; tokens *= 4) {
      context.fillText(integer(tokens), Math.min(x(tokens), width - 14), HEIGHT - BOTTOM + 12);
    }
    context.fillText(say("clock_axis"), (LEFT + width) / 2, HEIGHT - 8);
  }
}

/** Milliseconds an operation takes in the lane that needs the most, as far as its window is full; null where none is measured. */
/** @param {Lane[]} lanes @param {LanePanel[]} panels */
function speedOf(lanes, panels) {
  const dearest = lanes.reduce((most, lane, at) => ((lane.average ?? 0) > (lanes[most].average ?? 0) ? at : most), 0);
  const { record, ms } = panels[dearest];
  const ops = record && valueAt(lanes[dearest].curve, record.valid_tokens);
  return ops && ms ? ms / ops : null;
}

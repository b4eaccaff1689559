// Operations of all lanes since the start: lines that part.

/** @import { Lane, Theme } from "./types.js" */
/** @import { LanePanel } from "./lane_panel.js" */

import { clear, contextOf } from "./canvas.js";
import { lookOf } from "./looks.js";
import { say } from "./texts.js";

const MOST_POINTS = 256;
const FONT = "11px sans-serif";
const TOP = 14;

/** A course of values over time, of which every second point is left out when it gets long. */
export class Course {
  /** @type {[number, number][]} */
  points = [];
  every = 1;

  reset() {
    this.points = [];
    this.every = 1;
  }

  /** @param {number} index @param {number} value */
  push(index, value) {
    // The newest is always there.
    const last = this.points.at(-2);
    if (last && index - last[0] < this.every) this.points.pop();
    this.points.push([index, value]);
    if (this.points.length < MOST_POINTS) return;
    this.points = this.points.filter((_, at) => at % 2 === 1);
    this.every *= 2;
  }
}

export class TotalsView {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = contextOf(canvas);
  }

  /**
   * Draw the lines of lanes that count their operations, from zero at the start to the dearest at the top.
   * @param {Theme} theme
   * @param {Lane[]} lanes
   * @param {Pick<LanePanel, "totals">[]} panels
   */
  draw(theme, lanes, panels) {
    const { canvas, context } = this;
    const height = canvas.clientHeight;
    if (!height) return;
    const width = clear(context, height);
    const points = panels.flatMap(({ totals }) => totals.points);
    const [first, last] = [Math.min(...points.map(([index]) => index)), Math.max(...points.map(([index]) => index))];
    const most = Math.max(...points.map(([, total]) => total));
    context.font = FONT;
    context.textBaseline = "top";
    context.fillStyle = theme.faint;
    context.fillText(say("totals"), 2, 0);
    context.fillStyle = theme.line;
    context.fillRect(0, height - 1, width, 1);
    if (last <= first || !most) return;
    /** @param {[number, number]} point @returns {[number, number]} */
    const place = ([index, total]) => [((index - first) / (last - first)) * (width - 4), height - 2 - (total / most) * (height - 2 - TOP)];
    lanes.forEach((lane, at) => {
      const { color, dash } = lookOf(lane);
      context.strokeStyle = color;
      context.lineWidth = 2;
      context.setLineDash(dash);
      context.beginPath();
      for (const point of panels[at].totals.points) context.lineTo(...place(point));
      context.stroke();
    });
    context.setLineDash([]);
  }
}

// How a lane's attention system is told apart: by color, by dash and by mark, as on all pages.

/** @import { Look } from "./types.js" */

/** @type {Record<string, number[]>} */
const DASHES = { solid: [], dash: [8, 4], dot: [2, 3], dashdot: [8, 3, 2, 3], longdash: [13, 4] };
/** @type {Record<string, string>} */
const MARKS = {
  circle: "M22 3a4 4 0 1 0 .01 0z",
  square: "M18 3h8v8h-8z",
  diamond: "M22 2l5 5l-5 5l-5-5z",
  "triangle-up": "M22 2l5 9h-10z",
  x: "M18 3l8 8M26 3l-8 8",
};

/** @type {Look[]} */
let systems = [];

/** Use these looks from now on. @param {Look[]} looks */
export function setLooks(looks) {
  systems = looks;
}

/** @typedef {{kind: string, landmark_mode: string}} System what of a lane its look depends on */

/** The look of a lane: {color, dash: lengths for a canvas, mark: path}. @param {System} lane */
export function lookOf(lane) {
  const own = systems.filter(({ kind }) => kind === lane.kind);
  const { color, dash, symbol } = own.find(({ mode }) => mode === lane.landmark_mode) ?? own[0];
  return { color, dash: DASHES[dash], mark: MARKS[symbol], open: symbol === "x" };
}

/** A piece of the lane's line, for headings and keys. @param {System} lane */
export function swatch(lane) {
  const { color, dash, mark, open } = lookOf(lane);
  return `<svg class="swatch" width="44" height="14" viewBox="0 0 44 14" aria-hidden="true">
    <path d="M0 7h44" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>
    <path d="${mark}" stroke="${color}" stroke-width="2" fill="${open ? "none" : color}"/></svg>`;
}

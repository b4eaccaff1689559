// The circle of fifths: major keys around it, minor ones within, each lit as it is likely.

/** @import { Theme } from "./types.js" */

const KEYS = 12;
// Of the radius: where majors end and minors begin, and where those end.
const [BETWEEN, HOLE] = [0.64, 0.3];
// Of a key that is likely enough for its name to be drawn on its color.
const LIT = 0.5;

/** Whether the classes are the keys of music, in their order. @param {string[]} labels the first is "none" */
export const areKeys = (labels) =>
  labels.length === 1 + 2 * KEYS && labels.slice(1).every((label, i) => label.endsWith(i < KEYS ? " major" : " minor"));

/**
 * Draw the circle, C at the top.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {string[]} labels as they are said
 * @param {Float32Array | undefined} probabilities of the newest token
 * @param {{x: number, y: number, radius: number}} place of its middle
 */
export function drawCircle(context, theme, labels, probabilities, { x, y, radius }) {
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let key = 0; key < 2 * KEYS; key++) {
    const [outer, inner] = key < KEYS ? [1, BETWEEN] : [BETWEEN, HOLE];
    const middle = angleOf(key);
    const [from, to] = [middle - Math.PI / KEYS, middle + Math.PI / KEYS];
    const likely = probabilities?.[key + 1] ?? 0;
    context.beginPath();
    context.arc(x, y, outer * radius, from, to);
    context.arc(x, y, inner * radius, to, from, true);
    context.closePath();
    context.fillStyle = `rgb(${theme.scale(likely)})`;
    context.fill();
    context.strokeStyle = theme.line;
    context.stroke();
    const reach = ((outer + inner) / 2) * radius;
    context.fillStyle = likely > LIT ? theme.pale(0) : theme.text;
    context.fillText(shortName(labels[key + 1], key >= KEYS), x + reach * Math.cos(middle), y + reach * Math.sin(middle));
  }
  context.textAlign = "left";
}

/**
 * The place in `labels` of the key at a point, or 0.
 * @param {number} right of the circle's middle, in radii
 * @param {number} below
 */
export function keyAt(right, below) {
  const distance = Math.hypot(right, below);
  if (distance > 1 || distance < HOLE) return 0;
  const turned = (Math.atan2(below, right) - angleOf(0)) / (2 * Math.PI);
  const key = ((Math.round(KEYS * turned) % KEYS) + KEYS) % KEYS;
  return 1 + key + (distance < BETWEEN ? KEYS : 0);
}

/** @param {number} key */
const angleOf = (key) => ((key % KEYS) / KEYS) * 2 * Math.PI - Math.PI / 2;

/** The tonic alone, small where the key is minor. @param {string} label @param {boolean} minor */
function shortName(label, minor) {
  const [tonic] = label.split(/[ -]/);
  return minor ? tonic.toLowerCase() : tonic;
}

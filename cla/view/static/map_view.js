// The whole attention map of a lane, and for low rank its factors, drawn on demand.

/** @import { Tables, Theme } from "./types.js" */
/** @import { AttentionMap } from "./attention_maps.js" */
/** @import { Tip } from "./tip.js" */

import { pick, product } from "./attention_maps.js";
import { contextOf, resize } from "./canvas.js";
import { part } from "./dom.js";
import { decimal } from "./format.js";
import { say } from "./texts.js";

/** What there can be, and whether its rows and its columns are tokens; else they are landmarks. */
const OF_TOKENS = { attention: [true, true], beta: [true, false], gamma_inv: [false, false], delta: [false, true] };
const NAMES = /** @type {Name[]} */ (Object.keys(OF_TOKENS));

/** @typedef {keyof typeof OF_TOKENS} Name */
/** @typedef {{canvas: HTMLCanvasElement, range: HTMLElement, map?: AttentionMap}} Figure */

export class MapView {
  /** @type {Map<Name, Figure>} */
  figures = new Map();

  /** @param {HTMLElement} container @param {number} hopS @param {Tip} tip */
  constructor(container, hopS, tip) {
    this.container = container;
    this.hopS = hopS;
    this.tip = tip;
    this.clear();
  }

  /** Say that there is nothing yet. */
  clear() {
    this.figures.clear();
    this.container.textContent = say("nothing");
  }

  /**
   * Draw what the server sent; `head` is a head, or -1 for the mean. Figures stay where they are.
   * @param {Tables} arrays
   * @param {Theme} theme
   * @param {number} head
   */
  draw(arrays, theme, head) {
    const tables = "beta" in arrays ? { ...arrays, attention: product(arrays) } : arrays;
    const names = NAMES.filter((name) => name in tables);
    if (names.join() !== [...this.figures.keys()].join()) this.build(names);
    for (const [name, figure] of this.figures) {
      const map = pick(tables[name], head);
      figure.map = map;
      figure.range.textContent = paint(figure.canvas, map, theme).map((value) => decimal(value, 3)).join(" … ");
    }
  }

  /** @param {Name[]} names */
  build(names) {
    this.container.replaceChildren();
    this.figures.clear();
    for (const name of names) {
      const element = document.createElement("figure");
      element.dataset.testid = `map-${name}`;
      element.innerHTML = `<canvas role="img" aria-label="${say(`map_${name}`)}"></canvas>
        <figcaption>${say(`map_${name}`)}<br><span class="range"></span></figcaption>`;
      this.container.append(element);
      /** @type {Figure} */
      const figure = { canvas: part(element, "canvas"), range: part(element, ".range") };
      this.figures.set(name, figure);
      this.tip.follow(figure.canvas, (x, y) => this.at(name, figure, x, y));
    }
  }

  /**
   * The entry under the pointer: tokens by their age, landmarks by their number.
   * @param {Name} name
   * @param {Figure} figure
   * @param {number} x
   * @param {number} y
   */
  at(name, { canvas, map }, x, y) {
    if (!map) return null;
    const row = Math.min(map.rows - 1, Math.floor((y / canvas.clientHeight) * map.rows));
    const column = Math.min(map.columns - 1, Math.floor((x / canvas.clientWidth) * map.columns));
    const [rowsAreTokens, columnsAreTokens] = OF_TOKENS[name];
    /** @param {number} place @param {number} count @param {boolean} tokens */
    const axis = (place, count, tokens) => tokens
      ? `−${decimal((count - 1 - place) * this.hopS, 2)} s`
      : say("at_mark", { mark: place + 1 });
    const value = decimal(map.values[row * map.columns + column], 4);
    return `${axis(row, map.rows, rowsAreTokens)} × ${axis(column, map.columns, columnsAreTokens)}: ${value}`;
  }
}

/**
 * Paint one pixel an entry, zero in the color of the page; returns the least and the largest.
 * @param {HTMLCanvasElement} canvas
 * @param {AttentionMap} map
 * @param {Theme} theme
 */
function paint(canvas, { values, rows, columns }, theme) {
  resize(canvas, columns, rows);
  const context = contextOf(canvas);
  const image = context.createImageData(columns, rows);
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const largest = Math.max(most, -least, 1e-9);
  values.forEach((value, i) => { image.data.set([...theme.diverging(value / largest), 255], 4 * i); });
  context.putImageData(image, 0, 0);
  return [least, most];
}

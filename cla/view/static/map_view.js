// The whole attention map of a lane, and for low rank its factors, drawn on demand.

import { decimal } from "./format.js";
import { say } from "./texts.js";

const NAMES = ["attention", "beta", "gamma_inv", "delta"];
const OF_TOKENS = { attention: [true, true], beta: [true, false], gamma_inv: [false, false], delta: [false, true] };

export class MapView {
  constructor(container, hopS, tip) {
    Object.assign(this, { container, hopS, tip });
    this.figures = new Map();
    this.clear();
  }

  /** Say that there is nothing yet. */
  clear() {
    this.figures.clear();
    this.container.textContent = say("nothing");
  }

  /** Draw what the server sent; `head` is a head, or -1 for the mean. Figures stay where they are. */
  draw(arrays, theme, head) {
    const shown = new Map(NAMES.filter((name) => name in arrays).map((name) => [name, pick(arrays[name], head)]));
    if ("beta" in arrays) shown.set("attention", pick(product(arrays), head));
    if ([...shown.keys()].join() !== [...this.figures.keys()].join()) this.build(NAMES.filter((name) => shown.has(name)));
    for (const [name, figure] of this.figures) {
      const map = shown.get(name);
      figure.map = map;
      figure.range.textContent = paint(figure.canvas, map, theme).map((value) => decimal(value, 3)).join(" … ");
    }
  }

  build(names) {
    this.container.replaceChildren();
    this.figures.clear();
    for (const name of names) {
      const element = document.createElement("figure");
      element.dataset.testid = `map-${name}`;
      element.innerHTML = `<canvas role="img" aria-label="${say(`map_${name}`)}"></canvas>
        <figcaption>${say(`map_${name}`)}<br><span class="range"></span></figcaption>`;
      this.container.append(element);
      const figure = { canvas: element.querySelector("canvas"), range: element.querySelector(".range") };
      this.figures.set(name, figure);
      this.tip.follow(figure.canvas, (x, y) => this.at(name, figure, x, y));
    }
  }

  /** The entry under the pointer: tokens by their age, landmarks by their number. */
  at(name, { canvas, map }, x, y) {
    if (!map) return null;
    const row = Math.min(map.rows - 1, Math.floor((y / canvas.clientHeight) * map.rows));
    const column = Math.min(map.columns - 1, Math.floor((x / canvas.clientWidth) * map.columns));
    const [rowsAreTokens, columnsAreTokens] = OF_TOKENS[name];
    const axis = (place, count, tokens) => tokens
      ? `−${decimal((count - 1 - place) * this.hopS, 2)} s`
      : say("at_mark", { mark: place + 1 });
    const value = decimal(map.values[row * map.columns + column], 4);
    return `${axis(row, map.rows, rowsAreTokens)} × ${axis(column, map.columns, columnsAreTokens)}: ${value}`;
  }
}

/** beta gamma⁺ delta for each head: the map that low-rank attention implies. */
function product({ beta, gamma_inv: inverse, delta }) {
  const [heads, rows, marks] = beta.shape;
  const columns = delta.shape[2];
  const data = new Float32Array(heads * rows * columns);
  for (let h = 0; h < heads; h++) {
    const left = multiply(beta.data, h * rows * marks, inverse.data, h * marks * marks, rows, marks, marks);
    data.set(multiply(left, 0, delta.data, h * marks * columns, rows, marks, columns), h * rows * columns);
  }
  return { data, shape: [heads, rows, columns] };
}

function multiply(a, aStart, b, bStart, rows, inner, columns) {
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[aStart + r * inner + k];
      for (let c = 0; c < columns; c++) out[r * columns + c] += factor * b[bStart + k * columns + c];
    }
  }
  return out;
}

function pick({ data, shape: [heads, rows, columns] }, head) {
  const size = rows * columns;
  if (head >= 0) return { values: data.subarray(head * size, (head + 1) * size), rows, columns };
  const values = new Float32Array(size);
  for (let h = 0; h < heads; h++) for (let i = 0; i < size; i++) values[i] += data[h * size + i] / heads;
  return { values, rows, columns };
}

/** Paint one pixel an entry, zero in the color of the page; returns the least and the largest. */
function paint(canvas, { values, rows, columns }, theme) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const largest = Math.max(most, -least, 1e-9);
  values.forEach((value, i) => image.data.set([...theme.diverging(value / largest), 255], 4 * i));
  context.putImageData(image, 0, 0);
  return [least, most];
}

// The whole attention map of a lane, and for low rank its factors, drawn on demand.

import { say } from "./texts.js";

const NAMES = ["attention", "beta", "gamma_inv", "delta"];

/** Draw a lane's factors into `container`; `head` is a head, or -1 for the mean. */
export function drawFactors(container, arrays, theme, head) {
  container.replaceChildren();
  const shown = Object.fromEntries(
    Object.entries(arrays).filter(([name]) => NAMES.includes(name)).map(([name, array]) => [name, pick(array, head)]),
  );
  if (!("attention" in shown) && "beta" in arrays) shown.attention = pick(product(arrays), head);
  if (!Object.keys(shown).length) container.textContent = say("nothing");
  for (const name of NAMES) {
    if (!(name in shown)) continue;
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = say(`map_${name}`);
    figure.append(paint(shown[name], theme), caption);
    figure.dataset.testid = `map-${name}`;
    container.append(figure);
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

function paint({ values, rows, columns }, theme) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  let largest = 1e-9;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  values.forEach((value, i) => image.data.set([...theme.diverging(value / largest), 255], 4 * i));
  context.putImageData(image, 0, 0);
  return canvas;
}

// Attention maps out of the factors that the server sends.

/** @import { Table, Tables } from "./types.js" */

/** @typedef {{values: Float32Array, rows: number, columns: number}} AttentionMap */

/**
 * beta gamma⁺ delta for each head: the map that low-rank attention implies.
 * @param {Tables} factors each [H, rows, columns]
 * @returns {Table}
 */
export function product({ beta, gamma_inv: inverse, delta }) {
  const [heads, rows, marks] = beta.shape;
  const columns = delta.shape[2];
  const data = new Float32Array(heads * rows * columns);
  for (let h = 0; h < heads; h++) {
    const left = multiply(beta.data, h * rows * marks, inverse.data, h * marks * marks, rows, marks, marks);
    data.set(multiply(left, 0, delta.data, h * marks * columns, rows, marks, columns), h * rows * columns);
  }
  return { data, shape: [heads, rows, columns] };
}

/**
 * The product of the matrices that begin at places of two arrays.
 * @param {Float32Array} a
 * @param {number} aStart
 * @param {Float32Array} b
 * @param {number} bStart
 * @param {number} rows
 * @param {number} inner
 * @param {number} columns
 */
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

/**
 * The map of a head, or the mean over heads when `head` is -1.
 * @param {Table} table
 * @param {number} head
 * @returns {AttentionMap}
 */
export function pick({ data, shape: [heads, rows, columns] }, head) {
  const size = rows * columns;
  if (head >= 0) return { values: data.subarray(head * size, (head + 1) * size), rows, columns };
  const values = new Float32Array(size);
  for (let h = 0; h < heads; h++) for (let i = 0; i < size; i++) values[i] += data[h * size + i] / heads;
  return { values, rows, columns };
}

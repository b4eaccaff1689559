// What a clip's arrays hold of one token.

/** @import { Table } from "./types.js" */

/** A token's row of a table. @param {Table} table @param {number} index */
export const row = ({ data, shape }, index) => data.subarray(index * shape[1], (index + 1) * shape[1]);

/** The loudest of each so many samples. @param {Float32Array} samples @param {number} size */
export function peaksOf(samples, size) {
  /** @type {number[]} */
  const peaks = new Array(Math.ceil(samples.length / size)).fill(0);
  samples.forEach((sample, at) => {
    const place = Math.floor(at / size);
    peaks[place] = Math.max(peaks[place], Math.abs(sample));
  });
  return peaks;
}

/**
 * A token's landmarks; while the stream is young there are fewer, and zeros fill the rest.
 * @param {Table} table
 * @param {number} index
 */
export function stretchesAt({ data, shape: [, marks] }, index) {
  const ages = data.subarray(2 * index * marks, 2 * (index + 1) * marks);
  let count = marks;
  while (count && !ages[2 * count - 2]) count--;
  return { data: ages, shape: [count, 2] };
}

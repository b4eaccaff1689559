// What is asked of lists of numbers.

/** The place of the largest value, the first of equal ones. @param {Float32Array | number[]} values */
export function argmax(values) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

/** Percentile of numbers, or NaN where there are none. @param {number[]} values @param {number} share 0..1 */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN;
}

/**
 * Add a value to a list that keeps the newest `most`.
 * @template T
 * @param {T[]} list
 * @param {T} value
 * @param {number} most
 */
export function keep(list, value, most) {
  list.push(value);
  if (list.length > most) list.shift();
}

// Of a hundred steps the slowest is left out: another program had the core.
const LEFT_OUT = 0.01;

/** The mean without the slowest hundredth, or NaN where there are none. @param {number[]} values */
export function steady(values) {
  const kept = [...values].sort((a, b) => a - b).slice(0, values.length - Math.ceil(LEFT_OUT * values.length) || 1);
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

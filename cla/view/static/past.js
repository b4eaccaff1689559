// What lanes would have said, had they been there.

/** @import { FillMessage, LanesMessage, Past, Tables } from "./types.js" */

/**
 * What lanes would have said of the newest tokens, by their names.
 * @param {LanesMessage | FillMessage} header
 * @param {Tables} arrays
 */
export function pastOf({ past }, arrays) {
  /** @type {Record<string, Past>} */
  const found = {};
  for (const [lane, events] of Object.entries(past ?? {})) {
    const { data, shape: [count, size] } = arrays[`${lane}/past`];
    found[lane] = { events, rows: Array.from({ length: count }, (_, at) => data.subarray(at * size, (at + 1) * size)) };
  }
  return found;
}

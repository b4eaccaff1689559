// Messages as they come from the server and go to it; cla/server/wire.py and packets.py are the other side.

/** @import { LanesMessage, Message, Past, Tables } from "./types.js" */

/**
 * Decode one binary message; its arrays are views of it.
 * @param {ArrayBuffer} buffer
 * @returns {{header: Message, arrays: Tables}}
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { arrays: listed, ...header } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  /** @type {Tables} */
  const arrays = {};
  let offset = 4 + length;
  for (const [name, shape] of /** @type {[string, number[]][]} */ (listed)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { data: new Float32Array(buffer, offset, count), shape };
    offset += 4 * count;
  }
  return { header, arrays };
}

/**
 * What lanes that join would have said, by their names.
 * @param {LanesMessage} header
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

/**
 * A picture as the server takes it: its time (float64, little-endian), then its JPEG.
 * @param {number} takenS
 * @param {ArrayBuffer} jpeg
 */
export function pictureMessage(takenS, jpeg) {
  const message = new Uint8Array(8 + jpeg.byteLength);
  new DataView(message.buffer).setFloat64(0, takenS, true);
  message.set(new Uint8Array(jpeg), 8);
  return message.buffer;
}

import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, pictureMessage } from "../../cla/view/static/client.js";

/** A message as cla/server/wire.py makes it. */
function message(header, arrays = []) {
  const text = Buffer.from(JSON.stringify({ ...header, arrays: arrays.map(([name, shape]) => [name, shape]) }));
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 3, " ")]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const data = arrays.map(([, , values]) => Buffer.from(Float32Array.from(values).buffer));
  const whole = Buffer.concat([length, padded, ...data]);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length);
}

test("a header comes with its arrays, whatever its length", () => {
  for (const label of ["", "a", "ab", "abc", "é", "語"]) {
    const bytes = message({ type: "x", label }, [["a/b", [2, 3], [1, 2, 3, 4, 5, 6]], ["c", [1], [0.5]]]);
    const { header, arrays } = decode(bytes);
    assert.deepEqual(header, { type: "x", label });
    assert.deepEqual(arrays["a/b"], { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    assert.deepEqual(arrays.c, { data: Float32Array.of(0.5), shape: [1] });
  }
});

test("arrays are read in place", () => {
  const bytes = message({ type: "x" }, [["a", [1], [1]]]);
  assert.equal(decode(bytes).arrays.a.data.buffer, bytes);
});

test("an empty array takes no room, and one without axes is a number", () => {
  const { arrays } = decode(message({}, [["empty", [0, 2], []], ["one", [], [7]]]));
  assert.deepEqual(arrays.empty, { data: new Float32Array(), shape: [0, 2] });
  assert.deepEqual(arrays.one.data, Float32Array.of(7));
});

test("a message that is cut off is refused", () => {
  const bytes = message({ type: "x" }, [["a", [4], [1, 2, 3, 4]]]);
  assert.throws(() => decode(bytes.slice(0, bytes.byteLength - 4)), RangeError);
  assert.throws(() => decode(bytes.slice(0, 9)));
});

test("a picture follows its time", () => {
  const view = new DataView(pictureMessage(1.25, Uint8Array.of(255, 216, 7).buffer));
  assert.equal(view.byteLength, 11);
  assert.equal(view.getFloat64(0, true), 1.25);
  assert.deepEqual([8, 9, 10].map((at) => view.getUint8(at)), [255, 216, 7]);
});

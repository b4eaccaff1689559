import assert from "node:assert/strict";
import { test } from "node:test";

import { pick, product } from "../../cla/view/static/attention_maps.js";
import { apart, compared, moved, runs } from "../../cla/view/static/difference.js";

const token = (index, ...probabilities) => ({ index, probabilities: Float32Array.from(probabilities) });

test("a lane is compared with another, never with itself", () => {
  assert.deepEqual(apart([0, 2], [0, 1]), [0, 2]);
  // The first was moved onto the second: they change places, and the other way round.
  assert.deepEqual(apart([1, 1], [0, 1]), [1, 0]);
  assert.deepEqual(apart([0, 0], [0, 1]), [1, 0]);
});

test("lanes are compared on the tokens that both have", () => {
  const first = [token(3, 0.5, 0.5), token(4, 0.25, 0.75), token(5, 1, 0)];
  const second = [token(4, 0.75, 0.25), token(5, 1, 0), token(6, 0, 1)];
  const found = compared(first, second);
  assert.deepEqual(found.map(({ index, leaders, distance }) => [index, leaders, distance]), [
    [4, [1, 0], 0.5],
    [5, [0, 0], 0],
  ]);
  assert.equal(found[0].a, first[1].probabilities);
  assert.equal(found[0].b, second[0].probabilities);
});

test("attention is compared by the tokens' age, over the longer window", () => {
  const long = { data: Float32Array.of(0.25, 0.25, 0.5), shape: [1, 1, 3] };
  const short = { data: Float32Array.of(0.25, 0.75), shape: [1, 1, 2] };
  const choice = { layer: 0, head: -1 };
  assert.deepEqual(moved(long, short, choice), Float32Array.of(0.25, 0, -0.25));
  assert.deepEqual(moved(short, long, choice), Float32Array.of(-0.25, 0, 0.25));
  assert.equal(moved(long, undefined, choice), null);
});

test("neighbors that say the same are one run", () => {
  assert.deepEqual(runs([[1, 7], [2, 7], [3, 0], [5, 0], [6, 7]]), [[1, 2, 7], [3, 3, 0], [5, 5, 0], [6, 6, 7]]);
  assert.deepEqual(runs([]), []);
});

test("low-rank factors multiply to a map for each head", () => {
  const beta = { data: Float32Array.of(1, 2, 3, 4, 5, 6, 1, 0, 0, 1, 1, 1), shape: [2, 3, 2] };
  const inverse = { data: Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0), shape: [2, 2, 2] };
  const delta = { data: Float32Array.of(1, 0, 1, 0, 1, 1, 1, 2, 3, 4, 5, 6), shape: [2, 2, 3] };
  const map = product({ beta, gamma_inv: inverse, delta });
  assert.deepEqual(map.shape, [2, 3, 3]);
  assert.deepEqual([...pick(map, 0).values], [1, 2, 3, 3, 4, 7, 5, 6, 11]);
  assert.deepEqual([...pick(map, 1).values], [4, 5, 6, 1, 2, 3, 5, 7, 9]);
  const mean = pick(map, -1);
  assert.deepEqual([mean.rows, mean.columns, ...mean.values], [3, 3, 2.5, 3.5, 4.5, 2, 3, 5, 5, 6.5, 10]);
});

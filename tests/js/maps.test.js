import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { themeOf } from "../../cla/view/static/colors.js";
import { MapView } from "../../cla/view/static/map_view.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { FakeElement, fakeDocument, withGlobals } from "./fakes.js";

const THEME = themeOf([255, 255, 255], [0, 0, 0]);
const FACTORS = {
  beta: { data: Float32Array.of(1, 0, 0, 1, 1, 1), shape: [1, 3, 2] },
  gamma_inv: { data: Float32Array.of(1, 0, 0, 1), shape: [1, 2, 2] },
  delta: { data: Float32Array.of(1, 0, 0, 0, -2, 0), shape: [1, 2, 3] },
};

let restore;
let followed;
let maps;

beforeEach(() => {
  restore = withGlobals({ document: fakeDocument() });
  followed = [];
  maps = new MapView(new FakeElement(), 0.5, { follow: (_, textAt) => followed.push(textAt) });
});

afterEach(() => restore());

test("low rank is shown by its factors and by the map that they imply", () => {
  maps.draw(FACTORS, THEME, -1);
  assert.deepEqual([...maps.figures.keys()], ["attention", "beta", "gamma_inv", "delta"]);
  const { canvas, range } = maps.figures.get("attention");
  assert.deepEqual([canvas.width, canvas.height], [3, 3]);
  assert.equal(range.textContent, "-2.000 … 1.000");
  const [image] = canvas.context.of("putImageData").at(-1);
  assert.deepEqual([...image.data.subarray(4 * 4, 4 * 6)], [214, 84, 20, 255, 255, 255, 255, 255]);
});

test("figures stay where they are until there are others", () => {
  maps.draw(FACTORS, THEME, -1);
  const before = [...maps.figures.values()];
  maps.draw(FACTORS, THEME, 0);
  assert.deepEqual([...maps.figures.values()], before);
  assert.equal(followed.length, 4);
  maps.draw({ attention: { data: Float32Array.of(1), shape: [1, 1, 1] } }, THEME, -1);
  assert.deepEqual([...maps.figures.keys()], ["attention"]);
  maps.clear();
  assert.equal(maps.figures.size, 0);
});

test("an entry is named by the age of its tokens or the number of its landmarks", () => {
  setTexts({ at_mark: "mark {mark}" });
  maps.draw(FACTORS, THEME, -1);
  for (const { canvas } of maps.figures.values()) Object.assign(canvas, { clientWidth: 30, clientHeight: 30 });
  const [attention, beta, inverse, delta] = followed;
  assert.equal(attention(15, 15), "−0.50 s × −0.50 s: -2.0000");
  assert.equal(beta(0, 29), "−0.00 s × mark 1: 1.0000");
  assert.equal(inverse(30, 30), "mark 2 × mark 2: 1.0000");
  assert.equal(delta(0, 0), "mark 1 × −1.00 s: 1.0000");
});

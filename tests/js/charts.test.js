import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AttentionChart } from "../../cla/view/static/attention_chart.js";
import { drawBars, drawStretches, extremes, rowOf, stretchAt } from "../../cla/view/static/attention_rows.js";
import { clear, Strip, tokensPerColumn } from "../../cla/view/static/canvas.js";
import { areKeys, drawCircle, keyAt } from "../../cla/view/static/circle.js";
import { mix, parse, readTheme, themeOf } from "../../cla/view/static/colors.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { FakeContext, FakeElement, fakeDocument, withGlobals } from "./fakes.js";

const THEME = themeOf([255, 255, 255], [0, 0, 0]);
// A token is ten pixels wide, the newest, 19, ends at 200.
const AXIS = { newest: 19, step: 10, left: (index) => index * 10 };

let restore;
let context;

beforeEach(() => {
  restore = withGlobals({ document: fakeDocument(), devicePixelRatio: 1 });
  context = new FakeContext({ clientWidth: 200, width: 0, height: 0 });
});

afterEach(() => restore());

test("a row is that of a layer and a head, or the mean over heads", () => {
  const table = { data: Float32Array.from({ length: 12 }, (_, at) => at), shape: [2, 2, 3] };
  assert.deepEqual(rowOf(table, 0, 0), Float32Array.of(0, 1, 2));
  assert.deepEqual(rowOf(table, 1, 1), Float32Array.of(9, 10, 11));
  assert.deepEqual(rowOf(table, 1, -1), Float32Array.of(7.5, 8.5, 9.5));
  // A lane may have fewer layers or heads than are asked for.
  assert.deepEqual(rowOf(table, 5, 0), Float32Array.of(6, 7, 8));
  assert.deepEqual(rowOf(table, 0, 2), Float32Array.of(1.5, 2.5, 3.5));
});

test("bars stand on a line, each at its token, those of negative weight below", () => {
  const row = Float32Array.of(0.5, 0, -0.5, 1);
  drawBars(context, THEME, row, { ...AXIS, top: 100, height: 60, start: 22, full: true });
  const [oldest, negative, newest, line] = context.drawn;
  // 60 pixels hold -0.5 to 1: the line lies 40 below the top.
  assert.deepEqual(oldest, ["fillRect", [160, 120, 9.4, 20], "rgb(0,104,201)"]);
  assert.deepEqual(negative, ["fillRect", [180, 140, 9.4, 20], "rgb(214,84,20)"]);
  assert.deepEqual(newest, ["fillRect", [190, 100, 9.4, 40], "rgb(0,104,201)"]);
  assert.deepEqual(line, ["fillRect", [22, 140, 178, 1], THEME.line]);
  assert.equal(context.drawn.length, 4);
});

test("bars are pale while the window fills, and a row of nothing is a line", () => {
  const place = { ...AXIS, top: 0, height: 60, start: 0 };
  drawBars(context, THEME, Float32Array.of(1), { ...place, full: false });
  assert.equal(context.drawn[0][2], `rgb(${mix([255, 255, 255], [0, 104, 201], 0.45)})`);
  context.drawn.length = 0;
  drawBars(context, THEME, new Float32Array(3), { ...place, full: true });
  assert.deepEqual(context.of("fillRect").map((given) => given.map(Math.round)), [[0, 60, 200, 1]]);
});

test("where a pixel stands for several tokens it shows the largest and the least", () => {
  const { highest, lowest, first } = extremes(Float32Array.of(0.1, 0.5, -0.25, 0.25, 0, 1), 10.25, 0.5);
  assert.equal(first, 10);
  assert.deepEqual([...highest], [0.5, 0.25, 1]);
  assert.deepEqual([...lowest], [0, -0.25, 0]);
  const row = new Float32Array(4_000);
  row[3_999] = 1;
  drawBars(context, THEME, row, { newest: 9, step: 0.05, left: (index) => 200 - (10 - index) * 0.05, top: 0, height: 60, start: 0, full: true });
  assert.deepEqual(context.of("fillRect").map((given) => given.map(Math.round)), [[199, 0, 1, 60], [0, 60, 200, 1]]);
});

test("attention over a long window has its newest tokens larger, and says its shares", () => {
  setTexts({ at_share: "{token}: {share}", newest_tokens: "newest {count}" });
  const chart = new AttentionChart();
  const row = new Float32Array(1_000).fill(0.0005);
  row[990] = 0.5;
  chart.take(1_000, { data: row, shape: [1, 1, 1_000] });
  const axis = { newest: 2_000, step: 0.2, left: (index) => 200 - (2_001 - index) * 0.2, head: -1, layer: 0 };
  context.fillText = (...given) => context.drawn.push(["fillText", given]);
  chart.draw(context, THEME, axis, axis, { top: 0, height: 60, stretches: 70, start: 0, width: 200 });
  assert.deepEqual(context.of("fillText").map(([text]) => text), ["newest 120"]);
  // The token with most of those behind a pixel; below, each by itself.
  assert.equal(chart.at(197.9, 10, axis, 0.1), "−0.90 s: 1,991: 50.00");
  assert.equal(chart.at(199, 59, axis, 0.1), "−0.00 s: 2,000: 0.05");
  assert.equal(chart.at(-1, 10, axis, 0.1), null);
});

test("landmarks lie below the tokens that they stand for", () => {
  const stretches = { data: Float32Array.of(12, 8, 8, 5), shape: [2, 2] };
  drawStretches(context, THEME, stretches, { ...AXIS, top: 7 });
  assert.deepEqual(context.of("fillRect"), [[80.5, 7, 39, 8], [120.5, 7, 29, 8]]);
  // What is filled next is an open box up to the newest token.
  assert.deepEqual(context.of("strokeRect"), [[151, 7.5, 48.5, 7]]);
});

test("a landmark that has just entered stands out", () => {
  const stretches = { data: Float32Array.of(8, 4, 4, 0), shape: [2, 2] };
  drawStretches(context, THEME, stretches, { ...AXIS, top: 0 });
  assert.deepEqual(context.drawn.map(([, , color]) => color), [THEME.pale(0.25), THEME.accent]);
  assert.deepEqual(context.of("strokeRect"), []);
});

test("a token's landmark is named by its place, its tokens and its time", () => {
  setTexts({ at_landmark: "{mark}/{count}: {tokens} from {from} to {to}", at_pending: "{tokens} wait" });
  const stretches = { data: Float32Array.of(12, 8, 8, 5), shape: [2, 2] };
  const at = (age) => stretchAt(stretches, age, 0.5);
  assert.equal(at(12), null);
  assert.equal(at(11), "1/2: 4 from 6.00 to 4.00");
  assert.equal(at(8), "1/2: 4 from 6.00 to 4.00");
  assert.equal(at(7), "2/2: 3 from 4.00 to 2.50");
  assert.equal(at(4), "5 wait");
  assert.equal(stretchAt({ data: new Float32Array(), shape: [0, 2] }, 0, 0.5), null);
});

test("a canvas has the pixels of its screen, and no more than two for each of the page's", () => {
  const { canvas } = context;
  assert.equal(clear(context, 100), 200);
  assert.deepEqual([canvas.width, canvas.height], [200, 100]);
  globalThis.devicePixelRatio = 1.5;
  clear(context, 101);
  assert.deepEqual([canvas.width, canvas.height], [300, 152]);
  globalThis.devicePixelRatio = 3;
  clear(context, 100);
  assert.deepEqual([canvas.width, canvas.height], [400, 200]);
  assert.deepEqual(context.of("setTransform").at(-1), [2, 0, 0, 2, 0, 0]);
  assert.deepEqual(context.of("clearRect").at(-1), [0, 0, 200, 100]);
});

const tokens = (...indices) => indices.map((index) => ({ index }));

test("each token is painted once, all of them again in another theme", () => {
  const strip = new Strip(4, 3, 8);
  const painted = [];
  const paint = (indices, theme) => strip.paint(tokens(...indices), theme, (_, [{ index }], x) => painted.push([index, x]));
  paint([0, 1], "light");
  paint([0, 1, 2], "light");
  const inOrder = () => painted.sort(([a], [b]) => a - b);
  assert.deepEqual(inOrder(), [[0, 0], [1, 3], [2, 6]]);
  painted.length = 0;
  paint([2, 3, 4], "light");
  assert.deepEqual(inOrder(), [[3, 9], [4, 0]]);
  painted.length = 0;
  paint([3, 4], "dark");
  assert.deepEqual(inOrder(), [[3, 9], [4, 0]]);
  painted.length = 0;
  strip.reset();
  paint([0], "dark");
  assert.deepEqual(painted, [[0, 0]]);
});

test("tokens share columns where a chart has fewer pixels", () => {
  assert.deepEqual([120, 600, 1_920, 4_096].map(tokensPerColumn), [1, 1, 3, 6]);
  const strip = new Strip(7, 2, 8, 3);
  assert.equal(strip.canvas.width, 6);
  const painted = [];
  const paint = (...indices) => strip.paint(tokens(...indices), "light", (_, group, x) => painted.push([group.map(({ index }) => index), x]));
  paint(0, 1, 2, 3);
  assert.deepEqual(painted, [[[3], 2], [[0, 1, 2], 0]]);
  painted.length = 0;
  paint(0, 1, 2, 3, 4);
  assert.deepEqual(painted, [[[3, 4], 2]]);
  painted.length = 0;
  paint(8, 9, 10);
  assert.deepEqual(painted, [[[9, 10], 0], [[8], 4]]);
  strip.draw(context, { left: (index) => index, step: 1, top: 0, height: 8 }, 4, 8);
  assert.deepEqual(context.of("drawImage").map(([, ...rest]) => rest.map((each) => Math.round(100 * each) / 100)), [[2.67, 0, 2.67, 8, 4, 0, 4, 8]]);
});

test("a strip is drawn in one piece, or in two around its edge", () => {
  const strip = new Strip(4, 3, 8);
  const place = { left: (index) => 10 * index, step: 10, top: 5, height: 16 };
  assert.deepEqual([strip.canvas.width, strip.canvas.height], [12, 8]);
  strip.draw(context, place, 1, 3);
  strip.draw(context, place, 4, 8);
  assert.deepEqual(context.of("drawImage").map(([, ...rest]) => rest), [
    [3, 0, 6, 8, 10, 5, 20, 16],
    [0, 0, 12, 8, 40, 5, 40, 16],
  ]);
  context.drawn.length = 0;
  strip.draw(context, place, 6, 9);
  assert.deepEqual(context.of("drawImage").map(([, ...rest]) => rest), [
    [6, 0, 6, 8, 60, 5, 20, 16],
    [0, 0, 3, 8, 80, 5, 10, 16],
  ]);
});

test("colors are read as a canvas writes them", () => {
  assert.deepEqual(parse("#0068c9"), [0, 104, 201]);
  assert.deepEqual(parse("rgba(1, 22, 255, 0.5)"), [1, 22, 255]);
  assert.deepEqual(parse("nonsense"), [128, 128, 128]);
});

test("scales go from the background to a hue, and no further", () => {
  const { scale, diverging } = THEME;
  assert.deepEqual([-1, 0, 1, 2].map(scale), [[255, 255, 255], [255, 255, 255], [0, 104, 201], [0, 104, 201]]);
  assert.deepEqual([-2, -1, 0, 1].map(diverging), [[214, 84, 20], [214, 84, 20], [255, 255, 255], [0, 104, 201]]);
  assert.deepEqual(mix([0, 100, 200], [100, 100, 0], 0.25), [25, 100, 150]);
});

test("a dark page has brighter hues", () => {
  assert.deepEqual(themeOf([14, 17, 23], [250, 250, 250]).scale(1), [94, 178, 255]);
});

test("a theme may write its colors in any way, or not at all", () => {
  const variables = { "--st-background-color": " black", "--st-text-color": "" };
  const canvas = new FakeElement();
  const drawing = { color: "", get fillStyle() { return this.color; }, set fillStyle(text) {
    // As a canvas does: what is no color changes nothing.
    this.color = { black: "#000000" }[text] ?? (text.startsWith("#") ? text : this.color);
  } };
  canvas.getContext = () => drawing;
  document.createElement = () => canvas;
  globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => variables[name] });
  const theme = readTheme(new FakeElement());
  assert.deepEqual(theme.scale(0), [0, 0, 0]);
  assert.equal(theme.text, "rgb(34,34,34)");
});

const TONICS = "C G D A E B F♯ D♭ A♭ E♭ B♭ F A E B F♯ C♯ G♯ E♭ B♭ F C G D".split(" ");
const KEYS = ["none", ...TONICS.map((tonic, i) => `${tonic} ${i < 12 ? "major" : "minor"}`)];

test("the keys of music lie on a circle: majors around it, minors within", () => {
  assert.ok(areKeys(KEYS));
  assert.ok(!areKeys(KEYS.slice(1)) && !areKeys(["none", ...KEYS.slice(1).toReversed()]));
  const named = (right, below) => KEYS[keyAt(right, below)];
  assert.equal(named(0, -0.9), "C major");
  assert.equal(named(0.9, 0), "A major");
  assert.equal(named(-0.45, -0.79), "F major");
  assert.equal(named(0, -0.5), "A minor");
  assert.equal(named(0, 0.5), "E♭ minor");
  assert.equal(named(0.1, 0.1), "none");
  assert.equal(named(0.9, 0.9), "none");
});

test("the likely key is lit, and named in the color of the page", () => {
  const likely = new Float32Array(25);
  likely[2] = 1;
  context.fillText = (...given) => context.drawn.push(["fillText", given, context.fillStyle]);
  context.arc = context.closePath = context.stroke = () => {};
  context.beginPath = () => {};
  const fills = [];
  context.fill = () => fills.push(context.fillStyle);
  drawCircle(context, THEME, KEYS, likely, { x: 100, y: 100, radius: 90 });
  assert.deepEqual(fills.flatMap((color, key) => (color === "rgb(0,104,201)" ? [key] : [])), [1]);
  const texts = context.drawn.filter(([what]) => what === "fillText");
  assert.deepEqual(texts.map(([, [text]]) => text), TONICS.map((tonic, i) => (i < 12 ? tonic : tonic.toLowerCase())));
  assert.equal(texts[1][2], "rgb(255,255,255)");
  assert.equal(texts[0][2], THEME.text);
});

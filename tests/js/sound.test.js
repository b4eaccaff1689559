import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { columnPeaks } from "../../cla/view/static/clip_overview.js";
import { peaksOf, stretchesAt } from "../../cla/view/static/clip_tables.js";
import { InputTrack, resampled } from "../../cla/view/static/input_track.js";
import { SilentClock } from "../../cla/view/static/silent_clock.js";
import { wavOf } from "../../cla/view/static/wav.js";
import { Clock, fakeDocument, withGlobals } from "./fakes.js";

let clock;
let restore;

beforeEach(() => {
  clock = new Clock();
  restore = withGlobals({ document: fakeDocument() });
});

afterEach(() => {
  restore();
  clock.end();
});

test("samples become a sound file of 16 bits", async () => {
  const blob = wavOf(Float32Array.of(0, 0.5, -1, 2), 16_000);
  assert.equal(blob.type, "audio/wav");
  const view = new DataView(await blob.arrayBuffer());
  const text = (at) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
  assert.deepEqual([0, 8, 12, 36].map(text), ["RIFF", "WAVE", "fmt ", "data"]);
  assert.equal(view.byteLength, 44 + 8);
  assert.equal(view.getUint32(4, true), view.byteLength - 8);
  assert.equal(view.getUint32(24, true), 16_000);
  assert.equal(view.getUint32(28, true), 32_000);
  assert.equal(view.getUint32(40, true), 8);
  assert.deepEqual([44, 46, 48, 50].map((at) => view.getInt16(at, true)), [0, 16383, -32767, 32767]);
});

test("a clip of pictures is played, held and begun anew", () => {
  const silent = new SilentClock(3);
  assert.equal(silent.paused, true);
  silent.play();
  clock.pass(1_000);
  assert.equal(silent.paused, false);
  assert.equal(silent.currentTime, 1);
  silent.pause();
  clock.pass(1_000);
  assert.equal(silent.currentTime, 1);
  silent.play();
  clock.pass(5_000);
  assert.equal(silent.currentTime, 3);
  assert.equal(silent.paused, true);
  silent.play();
  clock.pass(500);
  assert.equal(silent.currentTime, 0.5);
});

test("a clip is played on from where it is put, and stands still where it did", () => {
  const silent = new SilentClock(3);
  silent.currentTime = 2;
  clock.pass(500);
  assert.equal(silent.currentTime, 2);
  silent.play();
  silent.currentTime = 1;
  clock.pass(500);
  assert.equal(silent.currentTime, 1.5);
});

test("a clip that has come to its end stays still when it is put back, as a sound does", () => {
  const silent = new SilentClock(3);
  silent.play();
  clock.pass(4_000);
  silent.currentTime = 1;
  clock.pass(500);
  assert.equal(silent.paused, true);
  assert.equal(silent.currentTime, 1);
});

test("each part is as loud as its loudest", () => {
  assert.deepEqual(resampled([1, 2, 3, 4, 5, 6, 7, 8], 4), [2, 4, 6, 8]);
  assert.deepEqual(resampled([1, 5], 4), [1, 1, 5, 5]);
  assert.deepEqual(resampled([1, 2, 3], 2), [1, 3]);
  assert.deepEqual(peaksOf(Float32Array.of(0.5, -1, 0.25, 0.25, -0.75), 2), [1, 0.25, 0.75]);
});

test("columns of a clip are as high as its loudest sample is", () => {
  assert.deepEqual(columnPeaks(Float32Array.of(0.25, -0.5, 0.125, 0), 2), [1, 0.25]);
  assert.deepEqual(columnPeaks(new Float32Array(4), 2), [0, 0]);
  assert.deepEqual(columnPeaks(Float32Array.of(-0.5), 3), [1, 1, 1]);
});

test("a token is as loud as what came up to its time", () => {
  const track = new InputTrack(9, "sound");
  track.sound(0.1, Float32Array.of(0.5, 1));
  track.sound(0.2, Float32Array.of(0.25));
  track.sound(0.3, Float32Array.of(0.125));
  track.token(0, 0.2);
  assert.deepEqual(track.columns.at(-1), { index: 0, peaks: [0.5, 0.5, 0.5, 1, 1, 1, 0.25, 0.25] });
  track.token(1, 0.25);
  assert.equal(track.columns.at(-1).peaks, null);
  track.token(2, 0.296);
  assert.deepEqual(track.columns.at(-1).peaks, new Array(8).fill(0.125));
  assert.equal(track.at(1), null);
  assert.equal(track.at(2), "at_sound");
});

test("a track holds no more than its window", () => {
  const track = new InputTrack(9, "sound");
  for (let token = 0; token < 50; token++) {
    for (let i = 0; i < 3; i++) track.sound(100, [0]);
    track.token(token, token);
  }
  assert.equal(track.columns.length, 11);
  assert.equal(track.columns[0].index, 39);
  assert.equal(track.waiting.length, 36);
});

test("pictures lie a ninth of the window apart", () => {
  const track = new InputTrack(18, "video");
  track.token(0, 0);
  assert.deepEqual(track.pictures, []);
  track.picture({ width: 4, height: 3 });
  for (let token = 1; token <= 30; token++) track.token(token, token);
  const shown = track.pictures.map(({ index }) => index);
  assert.deepEqual(shown, [11, 13, 15, 17, 19, 21, 23, 25, 27, 29]);
  track.reset();
  assert.deepEqual(track.pictures, []);
});

test("a young stream has fewer landmarks than there is room for", () => {
  const table = { data: Float32Array.of(4, 2, 0, 0, 6, 4, 2, 0, 0, 0, 0, 0), shape: [3, 2, 2] };
  assert.deepEqual(stretchesAt(table, 0).shape, [1, 2]);
  assert.deepEqual(stretchesAt(table, 1), { data: Float32Array.of(6, 4, 2, 0), shape: [2, 2] });
  assert.deepEqual(stretchesAt(table, 2).shape, [0, 2]);
});

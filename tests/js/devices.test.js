import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioGuard, atNextPress } from "../../cla/view/static/audio_guard.js";
import { Camera } from "../../cla/view/static/camera.js";
import { devicesOf, openMedia } from "../../cla/view/static/capture_errors.js";
import { Preview } from "../../cla/view/static/preview.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { Clock, FakeElement, fakeDocument, settled, withGlobals } from "./fakes.js";

let clock;
let restore;
let media;

beforeEach(() => {
  clock = new Clock();
  setTexts({ failed: "{device} failed: {reason}", device_camera: "Camera", insecure: "{device} is unsafe" });
  media = {};
  restore = withGlobals({
    document: fakeDocument(),
    window: { isSecureContext: true },
    navigator: { mediaDevices: media },
    createImageBitmap: async () => ({ close() { this.closed = true; } }),
  });
});

afterEach(() => {
  restore();
  clock.end();
});

test("what a browser refuses is said in a sentence", async () => {
  const refused = async (name) => {
    media.getUserMedia = () => Promise.reject(Object.assign(new Error(), { name }));
    return assert.rejects(openMedia("camera", {}), ({ message }) => {
      assert.equal(message, name === "NotAllowedError" ? "NotAllowedError" : "Camera failed: AbortError");
      return true;
    });
  };
  await refused("NotAllowedError");
  await refused("AbortError");
  media.getUserMedia = undefined;
  await assert.rejects(openMedia("camera", {}), { message: "old_browser" });
  window.isSecureContext = false;
  await assert.rejects(openMedia("camera", {}), { message: "Camera is unsafe" });
});

test("devices without a name are counted, those of other kinds left out", async () => {
  media.enumerateDevices = async () => [
    { kind: "videoinput", deviceId: "a", label: "Front" },
    { kind: "audioinput", deviceId: "b", label: "Mic" },
    { kind: "videoinput", deviceId: "", label: "" },
    { kind: "videoinput", deviceId: "c", label: "" },
  ];
  assert.deepEqual(await devicesOf("videoinput", "camera"), [["a", "Front"], ["c", "Camera 2"]]);
});

/** A camera that is on; `show()` lets it see a picture. */
function filming({ accept = () => true } = {}) {
  const sent = [];
  const ended = [];
  const camera = new Camera({
    onFrame: (message) => {
      if (!accept()) return false;
      sent.push(message);
      return true;
    },
    onEnd: (sentence) => ended.push(sentence),
  });
  let next;
  Object.assign(camera.video, { videoWidth: 640, videoHeight: 480, requestVideoFrameCallback: (then) => { next = then; } });
  camera.canvas.toBlob = (done) => done(new Blob([Uint8Array.of(1, 2, 3)]));
  camera.stream = { getTracks: () => [] };
  camera.begin();
  const show = async (afterMs) => {
    clock.pass(afterMs);
    next(performance.now());
    for (let i = 0; i < 5; i++) await settled();
  };
  const times = () => sent.map((message) => new DataView(message).getFloat64(0, true));
  return { camera, ended, sent, show, times };
}

test("pictures are sent small, with their time, at most twenty a second", async () => {
  const { camera, show, sent, times } = filming();
  for (let i = 0; i < 6; i++) await show(20);
  assert.deepEqual([camera.canvas.width, camera.canvas.height], [480, 360]);
  assert.deepEqual(times(), [0.02, 0.06, 0.1]);
  assert.deepEqual([...new Uint8Array(sent[0]).subarray(8)], [1, 2, 3]);
  assert.equal(camera.dropped, 0);
});

test("without answers no more than three are on their way, until patience ends", async () => {
  const { camera, show, times } = filming();
  for (let i = 0; i < 5; i++) await show(50);
  assert.deepEqual(times(), [0.05, 0.1, 0.15]);
  assert.equal(camera.dropped, 2);
  camera.answer(0.15);
  await show(50);
  assert.equal(times().length, 4);
  for (let i = 0; i < 2; i++) await show(50);
  assert.equal(camera.unanswered, 3);
  await show(510);
  assert.equal(times().length, 7);
});

test("a picture that finds the way taken is left out and counted", async () => {
  const { camera, show, times } = filming({ accept: () => false });
  await show(50);
  assert.deepEqual([camera.dropped, camera.sent.length, times().length], [1, 0, 0]);
});

test("an answer finds the picture that it is of, and lets the earlier ones go", async () => {
  const { camera, show } = filming();
  for (let i = 0; i < 3; i++) await show(50);
  const pictures = camera.sent.map(({ picture }) => picture);
  assert.equal(camera.answer(0.1), pictures[1]);
  assert.deepEqual(pictures.map(({ closed }) => Boolean(closed)), [true, false, false]);
  assert.equal(camera.answer(9), pictures[2]);
});

test("a new session counts from its own beginning", async () => {
  const { camera, show, times } = filming({ accept: () => true });
  await show(50);
  camera.begin();
  assert.equal(camera.answer(0), undefined);
  await show(50);
  assert.deepEqual(times(), [0.05, 0.05]);
});

test("a camera that shows nothing is given up, unless the page cannot be seen", async () => {
  const { camera, ended, show } = filming();
  clock.pass(4_000);
  camera.check();
  document.hidden = true;
  clock.pass(10_000);
  camera.check();
  document.hidden = false;
  clock.pass(4_000);
  await show(0);
  camera.check();
  assert.deepEqual(ended, []);
  clock.pass(5_010);
  camera.check();
  assert.deepEqual(ended, ["no_pictures"]);
});

test("a canvas that gives no picture is left out", async () => {
  const { camera, show, times } = filming();
  camera.canvas.toBlob = (done) => done(null);
  await show(50);
  assert.deepEqual(times(), []);
  assert.equal(camera.encoding, false);
});

test("a picture that is decoded after its source has gone is not shown", () => {
  const images = [];
  const end = withGlobals({ Image: class { constructor() { images.push(this); } } });
  const shown = [];
  const preview = new Preview(new FakeElement(), (picture) => shown.push(picture));
  const frame = { hands: [], picture: "AAAA" };
  preview.push(frame, {}, null);
  preview.push(frame, {}, null);
  images[0].onload();
  preview.reset();
  images[1].onload();
  end();
  assert.deepEqual(shown, [images[0]]);
  assert.equal(preview.picture, null);
});

test("an action waits for one press of any kind", () => {
  let done = 0;
  atNextPress(() => { done += 1; });
  document.dispatchEvent(new Event("keydown"));
  document.dispatchEvent(new Event("pointerup"));
  assert.equal(done, 1);
});

/** A guard over an AudioContext in a state, and what it says. */
function guarded(state) {
  const context = Object.assign(new EventTarget(), { state, asked: 0, resume() {
    this.asked += 1;
    return Promise.reject(new Error("held"));
  } });
  const said = [];
  const guard = new AudioGuard(context, { onHeld: () => said.push("held"), onRun: (ms) => said.push(ms) });
  const turn = (next) => {
    context.state = next;
    context.dispatchEvent(new Event("statechange"));
  };
  return { context, guard, said, turn };
}

test("sound that runs is left alone", () => {
  const { context, said } = guarded("running");
  clock.pass(5_000);
  assert.deepEqual([context.asked, said], [0, []]);
});

test("sound that is held is asked to go on at every press, and says for how long it was held", () => {
  const { context, said, turn } = guarded("running");
  turn("interrupted");
  document.dispatchEvent(new Event("pointerdown"));
  assert.equal(context.asked, 2);
  clock.pass(990);
  assert.deepEqual(said, []);
  clock.pass(10);
  assert.deepEqual(said, ["held"]);
  clock.pass(500);
  turn("running");
  clock.pass(5_000);
  assert.deepEqual(said, ["held", 1_500]);
});

test("a guard that has ended says nothing more", () => {
  const { context, guard, said } = guarded("suspended");
  guard.end();
  clock.pass(5_000);
  document.dispatchEvent(new Event("pointerdown"));
  assert.deepEqual([context.asked, said], [1, []]);
});

test("the microphone's samples are cut into packets, with the loudest of each", async () => {
  const posted = [];
  let Processor;
  const end = withGlobals({
    sampleRate: 100,
    AudioWorkletProcessor: class { port = { postMessage: (message) => posted.push(message) }; },
    registerProcessor: (_, processor) => { Processor = processor; },
  });
  await import("../../cla/view/static/worklet.js");
  const processor = new Processor();
  assert.equal(processor.process([[]]), true);
  processor.process([[Float32Array.of(0, 0.5, -1, 2, 0.1)]]);
  processor.process([[Float32Array.of(0.1, 0.1, 0.25, -0.25)]]);
  end();
  assert.equal(posted.length, 1);
  assert.equal(posted[0].peak, 1);
  assert.deepEqual([...new Int16Array(posted[0].packet)], [0, 16384, -32767, 32767, 3277, 3277, 3277, 8192]);
});

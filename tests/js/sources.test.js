import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Sources } from "../../cla/view/static/sources.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { sendFile } from "../../cla/view/static/upload.js";
import { FakeElement, fakeDocument, settled, withGlobals } from "./fakes.js";

const CLIP = { name: "count", title: "Counting", file: "count.flac" };
const TASK = { name: "digits", input: "sound", clips: [CLIP] };

let restore;
let page;
let sent;
let notices;
let connected;

beforeEach(() => {
  setTexts({});
  sent = [];
  notices = [];
  connected = true;
  const controls = {};
  restore = withGlobals({
    document: fakeDocument(),
    location: { href: "https://server/live" },
    history: { replaceState: (_, __, url) => { location.href = url.href; } },
    Option: class { constructor(text, value) { Object.assign(this, { text, value }); } },
    Audio: class extends FakeElement {
      src = "";
      played = 0;
      play() {
        this.played += 1;
        return Promise.resolve();
      }
      pause() {}
    },
  });
  page = {
    root: new FakeElement(),
    byId: (id) => (controls[id] ??= new FakeElement()),
    data: { opening: "" },
    task: TASK,
    hello: { tasks: [TASK], local: null },
    settings: { source: null, paused: false },
    notice: (sentence) => notices.push(sentence),
    clear: () => {},
    socket: {
      buffered: 0,
      expected: 0,
      send: (message) => connected && Boolean(sent.push(message)),
      sendBytes: (bytes) => connected && Boolean(sent.push(bytes)),
      expectAnswer() { this.expected += 1; },
    },
  };
  page.sources = new Sources(page);
});

afterEach(() => restore());

test("a sample is asked for, named in the address and heard", () => {
  const other = { ...CLIP, name: "other", title: "Other" };
  page.task = { ...TASK, clips: [CLIP, other] };
  page.byId("clip").value = "other";
  page.sources.playSample();
  assert.deepEqual(sent, [{ type: "sample", clip: "other" }]);
  assert.equal(page.sources.name, "Other");
  assert.equal(new URL(location.href).search, "?clip=other");
  assert.match(page.sources.file.audio.src, /\/clips\/count\.flac$/);
  assert.equal(page.sources.file.audio.played, 1);
});

test("what goes faster than it can be heard is not heard", () => {
  page.byId("fast").checked = true;
  page.byId("clip").value = "count";
  page.sources.playSample();
  assert.equal(page.sources.file.audio.played, 0);
});

test("a task without samples waits for a device, by its secret name in the address", () => {
  page.task = { ...TASK, name: "own", address: "own-x", clips: [] };
  page.sources.playSample();
  assert.deepEqual(sent, [{ type: "stop", task: "own" }]);
  assert.equal(new URL(location.href).search, "?task=own-x");
  assert.equal(notices.at(-1), "own_task");
});

test("sound that was lost without a connection is told of before the next packet", () => {
  const packet = new ArrayBuffer(200);
  connected = false;
  page.sources.sendSound(packet);
  page.sources.sendSound(packet);
  connected = true;
  page.sources.sendSound(packet);
  page.sources.sendSound(packet);
  assert.deepEqual(sent, [{ type: "lost", samples: 200 }, packet, packet]);
  assert.equal(page.gapWhy, "cut_gap");
  page.sources.missSound(50);
  page.sources.sendSound(packet);
  assert.deepEqual(sent.slice(3), [{ type: "lost", samples: 50 }, packet]);
  assert.equal(page.gapWhy, "held_gap");
});

test("a server that is paused owes no answer", () => {
  page.sources.sendSound(new ArrayBuffer(2));
  page.settings.paused = true;
  page.sources.sendSound(new ArrayBuffer(2));
  assert.equal(page.socket.expected, 1);
});

test("the machine's devices are opened by their numbers", async () => {
  await page.sources.startDevice("local:2");
  assert.deepEqual(sent, [{ type: "stop" }, { type: "device", task: "digits", kind: "sound", index: 2 }]);
});

test("devices of browser and machine are offered where there are two", () => {
  const devices = page.byId("device");
  const hidden = () => page.root.querySelector(".devices").hidden;
  page.sources.listDevices([["a", "Mic"]], "a");
  assert.equal(hidden(), true);
  assert.equal(devices.value, "a");
  page.hello.local = { microphones: [{ index: 0, name: "Desk" }], cameras: [] };
  page.sources.listDevices();
  assert.deepEqual(devices.options.map(({ value, text }) => [value, text]), [["", "of_browser"], ["local:0", "Desk (of_machine)"]]);
  assert.equal(hidden(), false);
});

/** A microphone that starts when the test says so. */
function waiting() {
  const { microphone } = page.sources;
  const asked = [];
  microphone.start = () => new Promise((resolve, reject) => { asked.push({ resolve, reject }); });
  microphone.stop = () => { microphone.stopped = (microphone.stopped ?? 0) + 1; };
  return { microphone, asked };
}

test("a device that starts is announced with its task", async () => {
  const { microphone, asked } = waiting();
  page.sources.toggleDevice();
  await settled();
  microphone.context = { sampleRate: 48_000 };
  asked[0].resolve({ name: "Mic", deviceId: "a", devices: [["a", "Mic"]] });
  await settled();
  assert.deepEqual(sent.at(-1), { type: "microphone", sample_rate_hz: 48_000, task: "digits" });
  microphone.handlers.onLevel(0.25);
  assert.deepEqual([page.sources.meter.hidden, page.sources.meter.value], [false, 0.25]);
});

test("a device that comes after another source was chosen is let go", async () => {
  const { microphone, asked } = waiting();
  page.sources.startDevice();
  await settled();
  page.byId("clip").value = "count";
  page.sources.playSample();
  const { stopped } = microphone;
  asked[0].resolve({ name: "Mic", deviceId: "a", devices: [] });
  await settled();
  assert.equal(microphone.stopped, stopped + 1);
  assert.deepEqual(sent.at(-1), { type: "sample", clip: "count" });
});

test("a device that fails is spoken of, unless another source was chosen meanwhile", async () => {
  const { asked } = waiting();
  page.sources.startDevice();
  await settled();
  asked[0].reject(new Error("It is in use."));
  await settled();
  assert.equal(notices.at(-1), "It is in use.");
  // What plays goes on.
  assert.deepEqual(sent, []);
  page.sources.startDevice();
  await settled();
  page.sources.playSample();
  const { length } = notices;
  asked[1].reject(new Error("It was stopped."));
  await settled();
  assert.equal(notices.length, length);
});

test("a device is asked for when the one before has come and gone", async () => {
  const { microphone, asked } = waiting();
  page.sources.startDevice("a");
  await settled();
  page.sources.startDevice("b");
  page.sources.startDevice("c");
  await settled();
  assert.equal(asked.length, 1);
  const { stopped = 0 } = microphone;
  asked[0].resolve({ name: "A", deviceId: "a", devices: [] });
  await settled();
  // The first is let go, the second is wanted no more.
  assert.equal(microphone.stopped, stopped + 1);
  assert.equal(asked.length, 2);
  microphone.context = { sampleRate: 48_000 };
  asked[1].resolve({ name: "C", deviceId: "c", devices: [] });
  await settled();
  assert.equal(page.sources.name, "C");
  assert.equal(microphone.stopped, stopped + 1);
});

/** A file as an input gives it. */
const chosen = (bytes, name = "a.wav") => ({ value: name, files: [new File([new Uint8Array(bytes)], name)] });

test("a file is sent in pieces behind its size and name", async () => {
  const input = chosen(150_000, "half \ud800.wav");
  await sendFile(page, input);
  const [upload, ...pieces] = sent;
  assert.deepEqual(upload, { type: "upload", size_bytes: 150_000, name: "half \ufffd.wav", task: "digits" });
  assert.deepEqual(pieces.map(({ byteLength }) => byteLength), [65_536, 65_536, 18_928]);
  assert.equal(input.value, "");
  assert.match(page.sources.file.audio.src, /^blob:/);
});

test("the rest of a file is not sent to another source", async () => {
  const uploading = sendFile(page, chosen(150_000));
  page.byId("clip").value = "count";
  page.sources.playSample();
  await uploading;
  assert.deepEqual(sent.map(({ type }) => type), ["upload", "sample"]);
});

test("a file without bytes, and one of too many, are refused here", async () => {
  await sendFile(page, chosen(0));
  const large = chosen(1);
  Object.defineProperty(large.files[0], "size", { value: 50 * 2 ** 20 + 1 });
  await sendFile(page, large);
  assert.deepEqual(sent, []);
  assert.equal(notices.at(-1), "file_size");
});

test("what is stopped is played no more", () => {
  page.byId("clip").value = "count";
  page.sources.playSample();
  page.sources.stop("The end.");
  assert.equal(page.sources.file.audio.src, "");
  assert.equal(notices.at(-1), "The end.");
});

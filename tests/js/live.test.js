import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { LivePage } from "../../cla/view/static/main.js";
import { Clock, FakeElement, fakeDocument, withGlobals } from "./fakes.js";

const CONFIG = { kind: "full", num_landmarks: null, landmark_mode: "fixed", window: null, num_layers: null };
const FULL = { ...CONFIG, name: "full", text: "full", curve: [], average: 100, published: 100 };
const LOW = { ...CONFIG, kind: "continual_nystrom", num_landmarks: 16, name: "low", text: "low/fixed:16", curve: [], average: 10, published: null };
const THIRD = { ...LOW, name: "third", text: "low/fixed:8", num_landmarks: 8 };
const POINTS = [0.3, 0.5, 0.8].map((enter) => ({ enter, found: enter, false_per_minute: 1 - enter }));
const task = (name, more = {}) => ({
  name, title: name, input: "sound", labels: ["none", "one", "two"], window: 4, num_layers: 1, hop_s: 0.5,
  landmark_counts: [8, 16], enter: 0.5, sensitivity: POINTS, clips: [{ name: `${name}-clip`, title: "A clip", file: "a.flac" }], problem: "", ...more,
});
const SETTINGS = { source: null, task: "digits", paused: false, fast: false, enter: null, recorded_s: null, num_landmarks: 16, landmark_mode: "fixed" };
const HELLO = {
  type: "hello", device: "CPU", device_note: "", bones: [], records: true, local: null,
  tasks: [task("digits"), task("sounds"), task("idle", { problem: "It needs a file." })],
  ...SETTINGS, lanes: [FULL, LOW], heard: 0,
};
const DATA = {
  key: "k", language: "en", texts: { sensitivity_point: "{found} %, {wrong}" }, endings: { sound: ["wav"], video: ["mp4"] },
  systems: ["full", "continual_nystrom"].map((kind) => ({ kind, mode: "fixed", color: "#111", dash: "dot", symbol: "x" })),
  kinds: [{ name: "full", modes: [] }, { name: "continual_nystrom", modes: ["fixed", "continual"] }],
  lane_defaults: { lanes: "full,continual_nystrom/fixed:16", more: "continual_nystrom", landmarks: 16 },
};

let clock;
let restore;
let page;
let sent;

/** Open the page at an address. */
function open(address = "") {
  location.href = `https://server/live${address}`;
  page = new LivePage(new FakeElement(), DATA);
  page.socket = { send: (message) => sent.push(message), sendBytes: () => true, buffered: 0 };
}

beforeEach(() => {
  clock = new Clock();
  sent = [];
  restore = withGlobals({
    document: fakeDocument(),
    window: { isSecureContext: true },
    location: { href: "" },
    history: { replaceState: (_, __, url) => { location.href = url.href; } },
    localStorage: { getItem: () => null },
    requestAnimationFrame: () => 0,
    innerHeight: 900,
    innerWidth: 1400,
    WebSocket: class {},
    Option: class { constructor(text, value) { Object.assign(this, { text, value: String(value) }); } },
    Audio: class extends FakeElement {
      src = "";
      play() {
        return Promise.resolve();
      }
      pause() {}
    },
  });
  open();
});

afterEach(() => {
  restore();
  clock.end();
});

const token = (index, { lanes = ["full", "low"], labels = ["one", "one"], ...more } = {}) => page.receive({
  type: "token", token: index, time_s: index / 2, queue_ms: 1, behind_s: 0, gap_s: 0, dropped_frames: 0, ...more,
  lanes: lanes.map((lane, at) => ({ lane, label: labels[at] ?? "one", valid_tokens: index + 1, compute_ms: 1, showing_ms: 0, ops: 1, total_ops: 9, event: null })),
}, Object.fromEntries(lanes.map((lane) => [`${lane}/probabilities`, { data: new Float32Array(3), shape: [3] }])));

const shown = () => page.board.panel("full").view.tokens.map(({ index }) => index);
const settings = (changed) => page.receive({ type: "settings", ...SETTINGS, ...changed }, {});
const notice = () => page.byId("notice").textContent;

test("a page begins with the first sample of the server's task", () => {
  page.byId("clip").value = "digits-clip";
  page.receive(HELLO, {});
  assert.equal(page.task.name, "digits");
  assert.deepEqual(sent, [{ type: "sample", clip: "digits-clip" }]);
  assert.equal(page.byId("record").hidden, false);
});

test("an address names the clip, the lanes and the pace to begin with", () => {
  open("?clip=sounds-clip&lanes=full,continual_nystrom:8&fast=1");
  page.receive(HELLO, {});
  assert.equal(page.task.name, "sounds");
  assert.deepEqual(sent, [{ type: "named_lanes", text: "full,continual_nystrom:8" }, { type: "fast", fast: true }, { type: "sample", clip: "sounds-clip" }]);
});

test("a first visit begins with the clip that shows the most, its windows full of it", () => {
  open("");
  page.data = { ...DATA, opening: "sounds-clip" };
  page.receive(HELLO, {});
  assert.equal(page.task.name, "sounds");
  page.byId("clip").value = "sounds-clip";
  page.sources.playSample();
  sent.length = 0;
  settings({ source: "sample", task: "sounds" });
  page.receive({ type: "lanes", lanes: HELLO.lanes, past: {} }, {});
  token(0);
  token(1);
  assert.deepEqual(sent, [{ type: "fill" }]);
  const past = Object.fromEntries(["full/past", "low/past"].map((name) => [name, { data: new Float32Array(12), shape: [4, 3] }]));
  page.receive({ type: "fill", share: 1, past: { full: [[3, "one"]], low: [] } }, past);
  assert.deepEqual(shown(), [-2, -1, 0, 1]);
  assert.deepEqual(page.board.panel("full").view.events.map(({ index, label }) => [index, label]), [[-2, "one"]]);
  page.byId("clip").value = "other";
  page.sources.task.clips.push({ name: "other", title: "Other", file: "b.flac" });
  page.sources.playSample();
  sent.length = 0;
  token(0);
  assert.deepEqual(sent, []);
});

test("settings that were on their way do not turn back a task that was just chosen", () => {
  page.receive(HELLO, {});
  page.choose("sounds");
  settings({ source: "sample" });
  assert.equal(page.task.name, "sounds");
  settings({ source: "sample", task: "sounds" });
  settings({ source: "sample" });
  assert.equal(page.task.name, "digits");
});

test("a task that cannot run is not begun with", () => {
  open("?clip=idle-clip");
  page.receive(HELLO, {});
  assert.equal(page.task.name, "digits");
  open("?task=idle");
  page.receive(HELLO, {});
  assert.equal(page.task.name, "digits");
});

test("a task without samples is named by the address", () => {
  open("?task=own-1");
  const own = task("own", { clips: [], address: "own-1" });
  page.receive({ ...HELLO, tasks: [...HELLO.tasks, own] }, {});
  assert.equal(page.task, own);
  assert.deepEqual(sent, [{ type: "stop", task: "own" }]);
});

test("lanes may be told of before the settings are", () => {
  open("?clip=sounds-clip");
  page.receive(HELLO, {});
  page.receive({ type: "lanes", lanes: [LOW, FULL] }, {});
  assert.deepEqual([...page.board.panels.keys()], ["low", "full"]);
});

test("a page that comes back to its session goes on with it", () => {
  page.receive(HELLO, {});
  sent.length = 0;
  page.receive({ ...HELLO, source: "sample" }, {});
  assert.deepEqual(sent, []);
});

test("tokens are drawn, those of lanes that have gone are not", () => {
  page.receive(HELLO, {});
  token(0);
  token(1, { lanes: ["full", "other"] });
  token(2, { lanes: ["full"] });
  token(3);
  assert.deepEqual(shown(), [0, 3]);
  assert.deepEqual(page.board.agreed(0, 1), { all: 100, tokens: 2, recent: 100, recentTokens: 2 });
});

test("what comes late of a source that was given up is not drawn", () => {
  page.receive(HELLO, {});
  token(0);
  page.deaf = true;
  token(1);
  assert.deepEqual(shown(), [0]);
  token(0);
  token(1);
  assert.deepEqual(shown(), [0, 1]);
});

test("frozen charts catch up, as far as they reach", () => {
  page.receive(HELLO, {});
  token(0);
  page.freeze(true);
  for (let index = 1; index <= 10; index++) token(index);
  assert.deepEqual(shown(), [0]);
  assert.equal(page.board.held.length, 6);
  assert.equal(page.byId("freeze")["aria-pressed"], "true");
  page.freeze(false);
  assert.deepEqual(shown(), [5, 6, 7, 8, 9, 10]);
});

test("a new stream is not frozen", () => {
  page.receive(HELLO, {});
  page.freeze(true);
  token(0);
  assert.equal(page.board.frozen, false);
  assert.deepEqual(shown(), [0]);
});

test("a gap is told of, with its reason where the page knows it, but not after a pause", () => {
  page.receive(HELLO, {});
  token(0);
  token(1, { gap_s: 1 });
  assert.equal(notice(), "sound_gap");
  page.gapWhy = "cut_gap";
  token(2, { gap_s: 1 });
  assert.equal(notice(), "cut_gap");
  page.notice(null);
  settings({ source: "microphone", paused: true });
  settings({ source: "microphone" });
  token(3, { gap_s: 1 });
  assert.equal(notice(), "");
  token(4, { gap_s: 1 });
  assert.equal(notice(), "sound_gap");
});

const notes = (name) => page.board.panel(name).view.notes.map(({ text }) => text);
const drawn = (name) => page.board.panel(name).view.tokens.map(({ index }) => index);
/** The server's lanes; `past` are rows of those that join. */
const lanes = (shown, past = {}, heard = 0) => page.receive(
  { type: "lanes", heard, lanes: shown, past: Object.fromEntries(Object.keys(past).map((name) => [name, [[1, "two"]]])) },
  Object.fromEntries(Object.entries(past).map(([name, rows]) => [`${name}/past`, { data: Float32Array.from(rows.flat()), shape: [rows.length, 3] }])),
);
const ROWS = [[0, 1, 0], [0, 0, 1], [0, 1, 0]];

test("a lane that joins brings its past, and the others keep all that they have", () => {
  page.receive(HELLO, {});
  for (let index = 0; index < 4; index++) token(index);
  const { element, key } = page.board.panel("low");
  lanes([FULL, THIRD, { ...LOW, name: "low:16" }], { third: ROWS });
  assert.deepEqual([drawn("full"), drawn("low:16"), drawn("third")], [[0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3]]);
  assert.equal(page.board.panel("low:16").element, element);
  assert.equal(page.board.panel("low:16").key, key);
  assert.deepEqual(page.board.panel("third").view.events, [{ index: 2, label: "two" }]);
  assert.equal(page.board.panel("third").transcript.textContent, "two");
  assert.deepEqual([notes("full"), notes("third")], [[], ["lane_joined"]]);
  assert.deepEqual(page.board.agreed(0, 1), { all: 200 / 3, tokens: 3, recent: 200 / 3, recentTokens: 3 });
  assert.equal(page.board.agreed(0, 2).tokens, 4);
  token(4, { lanes: ["full", "third", "low:16"] });
  assert.deepEqual(drawn("third"), [1, 2, 3, 4]);
  lanes([FULL, LOW]);
  assert.equal(notes("full").length, 1);
  assert.deepEqual(drawn("low"), [0, 1, 2, 3, 4]);
});

test("a lane whose landmarks change goes on, with a mark", () => {
  page.receive(HELLO, {});
  token(0);
  page.data.texts.title_landmarks = "{count} landmarks";
  lanes([FULL, { ...THIRD, name: "low" }]);
  assert.deepEqual([notes("full"), notes("low")], [[], ["8 landmarks"]]);
  assert.deepEqual(drawn("low"), [0]);
});

test("landmarks are fitted to what was heard and back, with a mark in lanes that have such", () => {
  page.receive(HELLO, {});
  page.data.texts.heard_done = "{seconds} s";
  const fixed = { ...LOW, num_landmarks: 16, landmark_mode: "fixed" };
  token(0);
  for (const heard of [100, 0]) {
    page.byId("heard").click();
    assert.deepEqual(sent.at(-1), { type: "fit", heard: heard > 0 });
    lanes([FULL, fixed], {}, heard);
    lanes([FULL, fixed], {}, heard);
  }
  assert.equal(notes("full").length, 0);
  assert.deepEqual(notes("low").slice(-2), ["50 s", "heard_undone"]);
  page.receive({ ...HELLO, heard: 7 }, {});
  page.byId("heard").click();
  assert.deepEqual(sent.at(-1), { type: "fit", heard: false });
});

test("a lane that joins frozen charts has its past where they stand, and the rest when they go on", () => {
  page.receive(HELLO, {});
  for (let index = 0; index < 3; index++) token(index);
  page.freeze(true);
  assert.equal(page.byId("frozen").hidden, false);
  assert.equal(page.byId("maps").disabled, true);
  token(3);
  lanes([FULL, LOW, THIRD], { third: ROWS });
  assert.deepEqual([drawn("full"), drawn("third")], [[0, 1, 2], [1, 2]]);
  token(4, { lanes: ["full", "low", "third"] });
  page.byId("thaw").click();
  assert.deepEqual([drawn("full"), drawn("third")], [[0, 1, 2, 3, 4], [1, 2, 3, 4]]);
  assert.equal(page.byId("frozen").hidden, true);
  assert.equal(page.byId("maps").disabled, false);
});

test("what can do nothing is disabled, and says why", () => {
  page.receive(HELLO, {});
  settings({ source: "sample" });
  token(0);
  page.freeze(false);
  const state = (id) => [page.byId(id).disabled, page.byId(id).title];
  assert.deepEqual([state("pause")[0], state("step"), state("record")[0]], [false, [true, "not_running"], false]);
  page.receive({ type: "ended" }, {});
  page.freeze(false);
  assert.deepEqual([state("pause"), state("step"), state("record")[0]], [[true, "not_ended"], [true, "not_ended"], true]);
});

test("the slider shows how much is found and how much is wrong where labels are events", () => {
  open("?enter=0.75");
  page.receive(HELLO, {});
  assert.deepEqual(sent[0], { type: "sensitivity", enter: 0.75 });
  settings({ source: "sample", enter: 0.75 });
  const slider = page.byId("sensitivity");
  const text = () => page.byId("sensitivity-value").textContent;
  assert.deepEqual([slider.value, slider.max, text()], ["2", "2", "80 %, 0.2"]);
  slider.value = "0";
  slider.send("input");
  assert.deepEqual(sent.at(-1), { type: "sensitivity", enter: 0.3 });
  assert.equal(text(), "30 %, 0.7");
  assert.match(location.href, /enter=0\.3/);
  clock.pass(1_000);
  settings({ source: "sample" });
  assert.deepEqual([slider.value, text()], ["1", "50 %, 0.5"]);
  assert.doesNotMatch(location.href, /enter/);
});

test("an address with no probability asks for none", () => {
  for (const enter of ["0", "2", "x", "-1"]) {
    sent.length = 0;
    open(`?enter=${enter}`);
    page.receive(HELLO, {});
    assert.ok(!sent.some(({ type }) => type === "sensitivity"), enter);
  }
});

test("a file that was refused leaves what was shown, at its end and by its name", () => {
  page.receive(HELLO, {});
  page.sources.name = "good.wav";
  token(0);
  token(1);
  page.sources.name = "broken.wav";
  page.receive({ type: "fault", message: "It is broken.", remedy: "Mend it.", fatal: false }, {});
  assert.equal(notice(), "It is broken. Mend it.");
  assert.deepEqual([page.sources.name, page.ended, shown()], ["good.wav", true, [0, 1]]);
});

test("a fault leaves a source that plays", () => {
  page.receive(HELLO, {});
  settings({ source: "sample" });
  page.sources.name = "good.wav";
  page.receive({ type: "fault", message: "No.", remedy: "Ask again.", fatal: false }, {});
  assert.equal(page.sources.name, "good.wav");
});

test("the presenter's mode enlarges the charts as far as the window is high", () => {
  page.receive(HELLO, {});
  const { view } = page.board.panel("full");
  page.byId("present").click();
  assert.ok(page.root.classes.has("presenting"));
  assert.equal(view.zoom, Math.min(2.5, (900 - 300) / view.height));
  page.receive({ type: "lanes", lanes: [LOW, FULL] }, {});
  assert.equal(page.board.panel("low").view.zoom, view.zoom);
  page.byId("present-end").click();
  assert.equal(page.board.panel("full").view.zoom, 1);
  assert.equal(page.root.popover, null);
});

test("Escape closes what is open, the newest first", () => {
  page.receive(HELLO, {});
  const press = () => document.dispatchEvent(Object.assign(new Event("keydown"), { key: "Escape" }));
  page.byId("key-help").hidden = page.byId("settings").hidden = page.byId("correct").hidden = page.byId("explanation").hidden = true;
  for (const button of ["more", "present", "help"]) page.byId(button).click();
  page.notice("Something is wrong.");
  const open = () => [!page.byId("key-help").hidden, notice() !== "", page.presenter.on, page.drawer.open];
  assert.deepEqual(open(), [true, true, true, true]);
  for (let closed = 1; closed <= 4; closed++) {
    press();
    assert.deepEqual(open(), [1, 2, 3, 4].map((nth) => nth > closed));
  }
  assert.equal(page.closeOne(), false);
});

test("notices add up", () => {
  page.receive({ type: "notice", message: "One." }, {});
  page.receive({ type: "notice", message: "Two." }, {});
  assert.equal(notice(), "One. Two.");
});

test("lanes step by PyTorch until the kernels are there", () => {
  const path = (status) => {
    page.receive({ type: "kernels", ready: false, missing: false, share: null, ...status }, {});
    return [page.byId("path").textContent, page.byId("path").dataset.path];
  };
  assert.deepEqual(path({}), ["path_loading", "pytorch"]);
  assert.deepEqual(path({ share: 0.5 }), ["path_compiling", "pytorch"]);
  assert.deepEqual(path({ missing: true }), ["path_missing", "pytorch"]);
  assert.deepEqual(path({ ready: true }), ["path_kernels", "kernels"]);
});

test("landmarks are moved in the one low-rank lane, of several in the chosen one, and in none of none", () => {
  page.receive(HELLO, {});
  const move = (place) => {
    sent.length = 0;
    page.byId("landmarks").value = place;
    page.byId("landmarks").send("input");
    return sent;
  };
  assert.deepEqual(move("0"), [{ type: "landmarks", num_landmarks: 8 }]);
  page.receive({ type: "lanes", lanes: [FULL, LOW, THIRD] }, {});
  assert.deepEqual(move("1")[0].lanes.map(({ num_landmarks: count }) => count), [null, 16, 8]);
  page.selectLane(2);
  assert.deepEqual(move("1")[0].lanes.map(({ num_landmarks: count }) => count), [null, 16, 16]);
  assert.equal(page.byId("landmarks").disabled, false);
  page.receive({ type: "lanes", lanes: [FULL, { ...FULL, name: "other", text: "other" }] }, {});
  assert.deepEqual(move("1"), []);
  assert.deepEqual([page.byId("landmarks").disabled, page.byId("landmarks").title], [true, "no_landmarks"]);
});

test("what the address asks for in vain is told, all of it", () => {
  const told = (address) => {
    open(address);
    page.byId("clip").value = "digits-clip";
    page.receive(HELLO, {});
    return notice();
  };
  page.data.texts.unknown_in_address = "Unknown: {what}.";
  assert.equal(told("?task=nonsense&clip=sounds-clip&enter=2&foo=bar&lang=de"), "Unknown: task=nonsense, enter=2, foo=bar.");
  assert.equal(told("?task=idle"), "idle: It needs a file.");
  assert.equal(told("?task=own-gone"), "");
  assert.equal(told("?task=sounds&clip=digits-clip"), "");
});

test("keys add and remove the lane that is chosen", () => {
  page.receive(HELLO, {});
  sent.length = 0;
  page.removeLane();
  assert.deepEqual(sent, []);
  page.addLane();
  const [{ lanes }] = sent;
  assert.equal(lanes.length, 3);
  page.receive({ type: "lanes", lanes: [FULL, LOW, THIRD] }, {});
  page.selectLane(0);
  page.removeLane();
  assert.deepEqual(sent[1].lanes.map(({ num_landmarks: count }) => count), [16, 8]);
});

test("a lane that cannot keep up shows the operations of its last answer", () => {
  page.receive(HELLO, {});
  token(0, { labels: ["one", "one"] });
  const low = page.board.panel("low");
  low.hear(low.heard(1, { ...low.record, ops: 0, answered: false, reads_every: 3 }, { "low/probabilities": { data: new Float32Array(3), shape: [3] } })[1]);
  low.refresh(page.board.lanes[1]);
  assert.equal(low.part("ops").textContent, "1");
});

test("a click on a strip asks what there was, and sends the tokens around it", () => {
  page.receive(HELLO, {});
  page.byId("correct").hidden = true;
  for (let index = 0; index < 4; index++) token(index);
  const { view } = page.board.panel("low");
  view.tokenAt = () => 1;
  sent.length = 0;
  page.root.dispatchEvent(Object.assign(new Event("click"), { offsetX: 5, offsetY: 5 }));
  assert.equal(page.byId("correct").hidden, true, "a click beside the strips asks nothing");
  page.correcting.pointAt({ target: view.canvas, offsetX: 5, offsetY: 5 });
  assert.equal(page.byId("correct").hidden, false);
  const [question, none, one, two, cancel] = page.byId("correct").options;
  assert.match(question.textContent, /correct_question/);
  assert.deepEqual([none, one, two, cancel].map(({ textContent }) => textContent), ["no_class", "one", "two", "cancel"]);
  two.onclick();
  assert.deepEqual(sent, [{ type: "correct", label: 2, token: 1, tokens: 1 }]);
  assert.equal(page.byId("correct").hidden, true);
  page.receive({ type: "correction", label: 2, token: 1, tokens: 1 }, {});
  assert.deepEqual(view.notes, [{ index: 1, text: "corrected_to" }]);
  assert.equal(notice(), "corrected");
});

test("a key asks about the newest, and Escape does not", () => {
  page.receive(HELLO, {});
  page.byId("correct").hidden = true;
  page.byId("wrong").click();
  assert.equal(page.byId("correct").hidden, true, "nothing has been heard");
  for (let index = 0; index < 3; index++) token(index);
  page.byId("wrong").click();
  assert.equal(page.correcting.token, 2);
  assert.equal(page.closeOne(), true);
  assert.equal(page.byId("correct").hidden, true);
});

test("what is seen is explained part by part, until Escape", () => {
  page.receive(HELLO, {});
  page.byId("correct").hidden = page.byId("explanation").hidden = true;
  page.byId("what").click();
  assert.deepEqual(page.byId("pointers").options.map(({ textContent }) => textContent), ["1", "2", "3", "4", "5", "6"]);
  assert.equal(page.closeOne(), true);
  assert.deepEqual(page.byId("pointers").options, []);
});

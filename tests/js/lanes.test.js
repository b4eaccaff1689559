import assert from "node:assert/strict";
import { beforeEach, afterEach, test } from "node:test";

import { laneTitle, oneMore, setKinds, showLane, withoutLane, writeLanes } from "../../cla/view/static/lane_controls.js";
import { changeOf, goingOn } from "../../cla/view/static/lane_changes.js";
import { fillWindows, offeredWindow, windowsOf } from "../../cla/view/static/windows.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { FakeElement, withGlobals } from "./fakes.js";

const FULL = { kind: "full", num_landmarks: null, landmark_mode: "fixed", window: null, num_layers: null };
const LOW = { ...FULL, kind: "continual_nystrom", num_landmarks: 16 };
const TASK = { window: 120, num_layers: 2, landmark_counts: [8, 16, 32] };

let restore;

beforeEach(() => {
  setKinds([{ name: "full", modes: [] }, { name: "continual_nystrom", modes: ["fixed", "continual"] }, { name: "nystrom", modes: ["continual"] }], { lanes: "full,continual_nystrom/fixed:16", more: "continual_nystrom", landmarks: 16 });
  restore = withGlobals({
    location: { href: "https://server/live" },
    history: { replaceState: (_, __, url) => { location.href = url.href; } },
    Option: class { constructor(text, value) { Object.assign(this, { text, value }); } },
  });
});

afterEach(() => restore());

test("lanes are kept in the address as the server writes them", () => {
  writeLanes([{ ...FULL, window: 60, text: "full@60" }, { ...LOW, text: "continual_nystrom/fixed:8" }]);
  assert.equal(new URL(location.href).searchParams.get("lanes"), "full@60,continual_nystrom/fixed:8");
});

test("the lanes of a page without any in its address are not written", () => {
  writeLanes([{ ...FULL, text: "full" }, { ...LOW, text: "continual_nystrom/fixed:16" }]);
  assert.equal(location.href, "https://server/live");
});

test("a lane's title says what tells it from others", () => {
  assert.equal(laneTitle(FULL), "lane_full");
  assert.equal(laneTitle({ ...LOW, window: 60, num_layers: 1 }), "lane_continual_nystrom, title_landmarks, fixed, title_window, title_layers");
  assert.equal(laneTitle({ ...LOW, kind: "nystrom" }), "lane_nystrom, title_landmarks");
});

test("two lanes are always left", () => {
  assert.equal(withoutLane([FULL, LOW], 0), null);
  assert.equal(withoutLane([FULL, LOW, LOW], 3), null);
  const named = [FULL, LOW, { ...LOW, num_landmarks: 8 }].map((lane) => ({ ...lane, name: "x", average: 3 }));
  assert.deepEqual(withoutLane(named, 1), [FULL, { ...LOW, num_landmarks: 8 }]);
});

test("one more lane differs from those there are, up to four", () => {
  let lanes = [FULL, LOW];
  while (lanes.length < 4) {
    const more = oneMore(lanes, TASK);
    assert.equal(more.length, lanes.length + 1);
    assert.deepEqual(more.slice(0, -1), lanes);
    assert.equal(new Set(more.map((lane) => JSON.stringify(lane))).size, more.length);
    lanes = more;
  }
  assert.equal(oneMore(lanes, TASK), null);
});

test("where all that could be added is there, no lane is added", () => {
  const only = { ...TASK, landmark_counts: [16] };
  assert.equal(oneMore([FULL, LOW, { ...LOW, landmark_mode: "continual" }], only), null);
});

/** The controls of lane `index`, and what they ask for. */
function shown(lanes, index) {
  const element = new FakeElement();
  const asked = [];
  showLane(element, lanes, index, TASK, (changed) => asked.push(changed));
  const control = (name) => element.querySelector(`[data-lane="${name}"]`);
  return { element, asked, control };
}

test("controls show what a lane runs, and what it has none of is hidden", () => {
  const low = shown([FULL, { ...LOW, window: 60 }], 1);
  assert.deepEqual(["kind", "num_landmarks", "landmark_mode", "window", "num_layers"].map((name) => low.control(name).value),
    ["continual_nystrom", "16", "fixed", "60", "2"]);
  assert.deepEqual(low.control("window").options.map(({ value }) => value), ["120", "60", "30", "15"]);
  assert.equal(low.element.querySelector("[data-low-rank]").hidden, false);
  const full = shown([FULL, LOW], 0);
  assert.equal(full.element.querySelector("[data-low-rank]").hidden, true);
  assert.equal(full.control("landmark_mode").hidden, true);
});

test("a value that the controls do not offer by themselves is offered where a lane has it", () => {
  const { control } = shown([FULL, { ...LOW, window: 100, num_landmarks: 24 }], 1);
  assert.ok(control("window").options.some(({ value }) => value === "100"));
  assert.ok(control("num_landmarks").options.some(({ value }) => value === "24"));
});

test("moving a control asks for all lanes, with what the task has by itself left out", () => {
  const { control, asked } = shown([FULL, { ...LOW, window: 60 }], 1);
  const move = (name, value) => {
    control(name).value = value;
    control(name).onchange();
    return asked[asked.length - 1];
  };
  assert.deepEqual(move("window", "120"), [FULL, LOW]);
  assert.deepEqual(move("window", "30"), [FULL, { ...LOW, window: 30 }]);
  assert.deepEqual(move("num_layers", "1"), [FULL, { ...LOW, window: 60, num_layers: 1 }]);
  assert.deepEqual(move("num_landmarks", "8"), [FULL, { ...LOW, window: 60, num_landmarks: 8 }]);
  assert.deepEqual(move("landmark_mode", "continual"), [FULL, { ...LOW, window: 60, landmark_mode: "continual" }]);
  assert.deepEqual(move("kind", "full"), [FULL, { ...FULL, window: 60 }]);
});

test("a kind with landmarks begins with some", () => {
  const { control, asked } = shown([FULL, LOW], 0);
  control("kind").value = "nystrom";
  control("kind").onchange();
  assert.deepEqual(asked, [[{ ...FULL, kind: "nystrom", num_landmarks: 16 }, LOW]]);
});

const texts = (...all) => all.map((text) => ({ ...LOW, text, name: text }));

test("a lane goes on that runs the same, or one of its kind in its place that has not joined", () => {
  const none = () => false;
  assert.deepEqual(goingOn(texts("a", "b", "c"), texts("c", "a"), none), [2, 0]);
  assert.deepEqual(goingOn(texts("a", "b"), texts("a", "x"), none), [0, 1]);
  assert.deepEqual(goingOn(texts("a", "b"), texts("a", "b", "x"), (name) => name === "x"), [0, 1, -1]);
  assert.deepEqual(goingOn(texts("a", "b"), texts("a", "x"), (name) => name === "x"), [0, -1]);
  assert.deepEqual(goingOn([{ ...FULL, text: "full" }], texts("x"), none), [-1]);
  // One that goes on elsewhere does not go on here too.
  assert.deepEqual(goingOn(texts("a", "b"), texts("x", "a"), none), [-1, 0]);
});

test("a change says what is other than before", () => {
  setTexts({ title_landmarks: "{count} landmarks", title_window: "window {window}" });
  assert.equal(changeOf({ ...LOW, text: "a" }, { ...LOW, num_landmarks: 8, window: 60, text: "b" }), "8 landmarks, window 60");
  assert.equal(changeOf({ ...LOW, window: 60 }, LOW), "lane_changed");
});

test("windows are halves and doubles of the task's own, up to the longest", () => {
  assert.deepEqual(windowsOf({ window: 120 }), [30, 60, 120, 240, 480, 960, 1_920, 3_840, 4_096]);
  assert.deepEqual(windowsOf({ window: 64 }).at(-2), 2_048);
});

test("the window from which low rank wins is offered, and from a longer one the way back", () => {
  const task = { window: 120 };
  const low = { ...LOW, crossing: 128 };
  assert.equal(offeredWindow([FULL, low], task), 1_920);
  assert.equal(offeredWindow([FULL, { ...low, crossing: 60 }], task), null);
  assert.equal(offeredWindow([FULL, { ...low, crossing: 9_000 }], task), null);
  assert.equal(offeredWindow([{ ...FULL, window: 480 }, low], task), 120);
});

test("a sample that has ended begins again when its windows are to be filled", () => {
  const done = [];
  const page = (ended, source) => ({
    ended,
    settings: { source },
    sources: { playSample: () => done.push("sample") },
    socket: { send: ({ type }) => done.push(type) },
  });
  fillWindows(page(false, "sample"));
  fillWindows(page(true, "microphone"));
  assert.deepEqual(done.splice(0), ["fill", "fill"]);
  fillWindows(page(true, "sample"));
  assert.deepEqual(done, ["sample", "fill"]);
});

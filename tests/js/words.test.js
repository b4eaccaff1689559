import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Agreement } from "../../cla/view/static/agreement.js";
import { BestGuess } from "../../cla/view/static/best_guess.js";
import { Announcer } from "../../cla/view/static/announcer.js";
import { Measured, placeOf, valueAt } from "../../cla/view/static/clock_chart.js";
import { bytes, compact, decimal, integer, ratio, setLocale, words } from "../../cla/view/static/format.js";
import { showCosts } from "../../cla/view/static/lane_costs.js";
import { lookOf, setLooks, swatch } from "../../cla/view/static/looks.js";
import { argmax, keep, percentile, steady } from "../../cla/view/static/numbers.js";
import { RecordButton } from "../../cla/view/static/record_button.js";
import { pairs, quickest, Summary, winner } from "../../cla/view/static/summary.js";
import { say, sayOr, setTexts } from "../../cla/view/static/texts.js";
import { Course } from "../../cla/view/static/totals_view.js";
import { Clock, FakeElement } from "./fakes.js";

let clock;

beforeEach(() => {
  clock = new Clock();
  setLocale("en");
  setTexts({ all_lanes: "all: {label}", recorded: "{time} kept", record: "Record", record_stop: "Stop" });
});

afterEach(() => clock.end());

test("numbers have three digits and a unit", () => {
  assert.equal(compact(0), "0");
  assert.equal(compact(999), "999");
  assert.equal(compact(1_234), "1.23 k");
  assert.equal(compact(12_345), "12.3 k");
  assert.equal(compact(1_234_567), "1.23 M");
  assert.equal(compact(123.4e9), "123 G");
  assert.equal(compact(2e12), "2.00 T");
  assert.equal(bytes(1_023), "1023 B");
  assert.equal(bytes(123_456), "121 KiB");
  assert.equal(bytes(5 * 2 ** 20), "5.00 MiB");
});

test("what rounds to a thousand is one of the next unit", () => {
  assert.equal(compact(999_499), "999 k");
  assert.equal(compact(999_999), "1.00 M");
  assert.equal(compact(999.9e9), "1.00 T");
  assert.equal(bytes(2 ** 20 - 1), "1.00 MiB");
});

test("numbers are written as the language does", () => {
  setLocale("de");
  assert.equal(decimal(1234.5, 2), "1.234,50");
  assert.equal(integer(1234.5), "1.235");
  assert.equal(compact(1_234), "1,23 k");
});

test("ratios have a digit behind the point while they are small", () => {
  assert.deepEqual([1.25, 99.44, 100, 1234.5].map(ratio), ["1.3", "99.4", "100", "1,235"]);
});

test("labels are words", () => {
  assert.equal(words("thumb_up_now"), "thumb up now");
});

test("texts take values, and a key without a text stands for itself", () => {
  setTexts({ greet: "{name} and {name}: {count}", task_digits: "Digits" });
  assert.equal(say("greet", { name: "$&", count: 2 }), "$& and $&: 2");
  assert.equal(say("unknown"), "unknown");
  assert.equal(sayOr("task_digits", "x"), "Digits");
  assert.equal(sayOr("task_own", "Mine"), "Mine");
});

test("a percentile is one of the values", () => {
  assert.equal(percentile([3, 1, 2, 10], 0.5), 3);
  assert.equal(percentile([3, 1, 2], 0), 1);
  assert.equal(percentile([3, 1, 2], 1), 3);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test("the largest value is the first of equal ones", () => {
  assert.equal(argmax(Float32Array.of(0, 3, 3, 1)), 1);
  assert.equal(argmax([-2, -1]), 1);
});

test("a list keeps the newest", () => {
  const list = [];
  for (let value = 0; value < 5; value++) keep(list, value, 3);
  assert.deepEqual(list, [2, 3, 4]);
});

const labeled = (...labels) => labels.map((label, key) => [key, label]);

test("lanes agree where they name the same label, at all times and lately", () => {
  const agreement = new Agreement(2);
  for (const labels of [["a", "b", "a"], ["a", "a", "b"], ["a", "a", "a"]]) agreement.push(labeled(...labels));
  assert.deepEqual(agreement.of(0, 1), { all: 200 / 3, tokens: 3, recent: 100, recentTokens: 2 });
  assert.deepEqual(agreement.of(2, 0), { all: 200 / 3, tokens: 3, recent: 50, recentTokens: 2 });
  assert.deepEqual(agreement.of(1, 2), { all: 100 / 3, tokens: 3, recent: 50, recentTokens: 2 });
  agreement.reset();
  agreement.push(labeled("a", "b"));
  assert.deepEqual(agreement.of(1, 0), { all: 0, tokens: 1, recent: 0, recentTokens: 1 });
});

test("a lane that joins agrees in its past too, and others as before", () => {
  const agreement = new Agreement(3);
  for (const label of ["a", "b", "c", "d"]) agreement.push([[0, label], [1, label]]);
  agreement.join(5, ["x", "b", "c", "x"]);
  assert.deepEqual(agreement.of(0, 5), { all: 200 / 3, tokens: 3, recent: 200 / 3, recentTokens: 3 });
  agreement.push([[0, "a"], [5, "a"]]);
  assert.deepEqual(agreement.of(5, 0), { all: 75, tokens: 4, recent: 200 / 3, recentTokens: 3 });
  assert.deepEqual(agreement.of(0, 1), { all: 100, tokens: 4, recent: 100, recentTokens: 2 });
});

const cost = (average, exact, crossing, window = null) => ({ average, exact, crossing, window });

test("the winner is named, be it on show or not", () => {
  setTexts({ winner_low: "lane {lane}: {own} < {exact}", winner_exact: "exact: {exact}", winner_from: "low from {crossing}" });
  const task = { window: 120 };
  const full = cost(4_032_000, 33_600, null);
  const named = (...lanes) => winner(lanes, task).replaceAll("\u00a0", " ");
  assert.equal(named(full, cost(35_712, 33_600, 128)), "exact: 33.6 k low from 128");
  assert.equal(named(full, cost(33_600, 33_600, null)), "exact: 33.6 k");
  assert.equal(named(full, cost(35_712, 537_600, 128)), "lane 2: 35.7 k < 538 k");
});

test("that another lane than the one with the fewest operations takes the least time is said", () => {
  setTexts({ winner_time: "lane {lane} in {ms}" });
  const [full, low, exact] = [{ ops: 100, ms: 7 }, { ops: 1, ms: 0.3 }, { ops: 8, ms: 0.2 }];
  assert.match(quickest([full, low, exact]), /^lane 3 in 0\.2/);
  assert.equal(quickest([full, low]), "");
  assert.equal(quickest([full, { ...low, ms: 0.21 }, exact]), "");
  assert.equal(quickest([full, low, { ...exact, ms: NaN }]), "");
});

test("operations are those of full windows, times those measured, and it is said that one fills", () => {
  setTexts({
    summary: "{costs} {agreement}", ops_fewer: "fewer {ratio}", ops_more: "more {ratio}", ops_uncounted: "uncounted",
    time_less: "faster {ratio}", time_more: "slower {ratio}", time_alike: "as fast", measured: "here", measured_filling: "filling", measured_compiling: "compiling", filling: "{valid} of {window}",
  });
  const [element, best, time] = [new FakeElement(), new FakeElement(), new FakeElement()];
  const summary = new Summary(element, best, time);
  const agreement = new Agreement(4);
  agreement.push(labeled("a", "a"));
  const lanes = [cost(1_130, 30, null), cost(10, 30, 2)];
  const show = (valid, first, second, compiling = false) => {
    summary.push({ time_s: 1.5, behind_s: 0, lanes: lanes.map(() => ({ valid_tokens: valid, total_ops: 7 })) });
    const costs = [first, second].map(([ops, ms]) => ({ ops, now: ops, ms }));
    const compared = { lanes, costs, task: { window: 4 }, agreed: (a, b) => agreement.of(a, b), compiling };
    summary.refresh({ source: "<b>", ended: false }, compared);
    return [element.innerHTML.replace(/<[^>]*>/g, ""), time.textContent];
  };
  assert.deepEqual(show(3, [1_130, 1], [10, 0.25]), ["fewer 113× and faster 4.0×, filling 100.0 %", "1.5 s, 3 of 4 · <b>"]);
  assert.deepEqual(show(4, [10, 0.25], [1_130, 1]), ["more 113× and slower 4.0×, here 100.0 %", "1.5 s · <b>"]);
  assert.equal(show(4, [10, 1], [null, 1.1])[0], "uncounted and as fast, here 100.0 %");
  assert.equal(show(4, [10, 1], [5, 0.5], true)[0], "fewer 2.0× and faster 2.0×, compiling 100.0 %");
  assert.equal(show(4, [10, NaN], [5, NaN])[0], "fewer 2.0× 100.0 %");
  assert.match(best.textContent, /winner/);
});

test("each two lanes are compared in words", () => {
  setTexts({ pair_costs: "{lane} and {other}: {costs}", ops_fewer: "fewer {ratio}", ops_more: "more {ratio}", time_alike: "as fast" });
  const text = pairs([100, 10, 20].map((ops) => ({ ops, now: ops, ms: 1 }))).replace(/<li>/g, "|").replace(/<[^>]*>/g, "");
  assert.equal(text, "|2 and 1: fewer 10.0× and as fast|3 and 1: fewer 5.0× and as fast|3 and 2: more 2.0× and as fast");
});

test("times are kept by half octaves of tokens, and shown where there are enough", () => {
  assert.deepEqual([16, 17, 22, 120, 4_096].map(placeOf), [16, 16, 23, 128, 4_096]);
  const measured = new Measured();
  for (let step = 0; step < 20; step++) measured.push(1_000, 2);
  for (let step = 0; step < 7; step++) measured.push(16, 1);
  assert.deepEqual(measured.points, [[1_024, 2]]);
});

test("a curve is read between its points, and nowhere else", () => {
  const curve = [[10, 1], [1_000, 100]];
  assert.ok(Math.abs(valueAt(curve, 100) - 10) < 1e-9);
  assert.deepEqual([valueAt(curve, 10), valueAt(curve, 9), valueAt(curve, 2_000), valueAt([], 5)], [1, null, null, null]);
});

test("a mean leaves the slowest hundredth out", () => {
  assert.equal(steady([1, 2, 3, 100]), 2);
  assert.equal(steady([7]), 7);
  assert.ok(Number.isNaN(steady([])));
});

test("a course keeps its first and its newest point, however long it gets", () => {
  const course = new Course();
  for (let index = 0; index < 5_000; index++) course.push(index, 2 * index);
  assert.ok(course.points.length <= 256);
  assert.deepEqual(course.points.at(-1), [4_999, 9_998]);
  assert.ok(course.points[0][0] < 50);
  assert.ok(course.points.every(([index, value], at) => value === 2 * index && (!at || index > course.points[at - 1][0])));
});

test("bars are in proportion to the dearest lane, and pale as far as a window that fills will cost", () => {
  const element = new FakeElement();
  const all = [{ ops: 1_000, now: 500, ms: 2 }, { ops: 10, now: 10, ms: 0.5 }];
  const widths = (own) => {
    showCosts(element, own, all);
    return ["ops", "ms"].flatMap((name) => [".will", ".is"].map((bar) => element.querySelector(`[data-cost=${name}]`).querySelector(bar).style.width));
  };
  assert.deepEqual(widths(all[0]), ["max(100.000%, 1px)", "max(50.000%, 1px)", "max(0.000%, 0px)", "max(100.000%, 1px)"]);
  assert.deepEqual(widths(all[1]), ["max(1.000%, 1px)", "max(1.000%, 1px)", "max(0.000%, 0px)", "max(25.000%, 1px)"]);
});

test("a class that leads for a second is the best guess, one that is unlikely is none", () => {
  const guess = new BestGuess(0.4);
  const places = (...probabilities) => probabilities.map((each) => {
    guess.push(Float32Array.of(0.8, ...each));
    return guess.place;
  });
  assert.deepEqual(places([0.05, 0.15], [0.05, 0.15], [0.05, 0.15], [0.15, 0.05]), [0, 0, 2, 0]);
  assert.deepEqual(places([0.2, 0], [0.2, 0], [0.05, 0], [0.2, 0]), [0, 1, 0, 0]);
  guess.reset();
  assert.deepEqual(places([0.09, 0], [0.09, 0], [0.09, 0]), [0, 0, 0]);
});

test("events are spoken at once, then not before the last sentence has had its time", () => {
  const element = new FakeElement();
  const announcer = new Announcer(element);
  announcer.refresh(2);
  assert.equal(element.textContent, "");
  announcer.hear("Full", "one");
  announcer.hear("Low", "one");
  announcer.refresh(2);
  assert.equal(element.textContent, "all: one");
  announcer.hear("Full", "two");
  announcer.refresh(2);
  clock.pass(1_990);
  announcer.refresh(2);
  assert.equal(element.textContent, "all: one");
  announcer.hear("Low", "three");
  clock.pass(10);
  announcer.refresh(2);
  assert.equal(element.textContent, "Full: two. Low: three");
});

test("one lane's event is not said to be that of all", () => {
  const element = new FakeElement();
  const announcer = new Announcer(element);
  announcer.hear("Full", "one");
  announcer.refresh(2);
  assert.equal(element.textContent, "Full: one");
});

test("a lane looks as its system and mode do, else as its system", () => {
  const look = { kind: "low", color: "#111", dash: "dot", symbol: "x" };
  setLooks([{ ...look, mode: "fixed" }, { ...look, mode: "continual", color: "#222", dash: "solid", symbol: "circle" }]);
  assert.equal(lookOf({ kind: "low", landmark_mode: "continual" }).color, "#222");
  const fixed = lookOf({ kind: "low", landmark_mode: "other" });
  assert.deepEqual([fixed.color, fixed.dash, fixed.open], ["#111", [2, 3], true]);
  assert.match(swatch({ kind: "low", landmark_mode: "fixed" }), /stroke-dasharray="2,3".*fill="none"/s);
  assert.match(swatch({ kind: "low", landmark_mode: "continual" }), /fill="#222"/);
});

test("the record button says for how long it has been, and why it ended", () => {
  const element = new FakeElement();
  const said = [];
  const sent = [];
  const offered = [];
  const page = { notice: (sentence) => said.push(sentence), offer: (words) => offered.push(words) };
  const button = new RecordButton(element, { ...page, socket: { send: (each) => sent.push(each) } });
  element.click();
  button.take({ running: true, message: "", remedy: "" });
  clock.pass(61_500);
  button.draw();
  assert.equal(element.textContent, "Stop 1:01");
  assert.ok(element.classes.has("recording"));
  element.click();
  assert.deepEqual(sent, [{ type: "record", on: true }, { type: "record", on: false }]);
  button.take({ running: false, message: "", remedy: "" });
  assert.equal(element.textContent, "Record");
  button.take({ running: true, message: "", remedy: "" });
  button.take({ running: false, message: "The disk is full.", remedy: "Make room." });
  assert.deepEqual(said, ["1:01 kept", "The disk is full. Make room."]);
  assert.deepEqual(offered, ["open_recording", "open_recording"]);
  button.take({ running: false, message: "The disk is full.", remedy: "Make room." });
  assert.equal(offered.length, 2, "nothing was recorded");
});

test("a page that comes back goes on with the time of the recording", () => {
  const element = new FakeElement();
  const said = [];
  const button = new RecordButton(element, { notice: (sentence) => said.push(sentence), offer: () => {} });
  button.show(null);
  assert.deepEqual(said, []);
  button.show(59);
  clock.pass(2_000);
  button.draw();
  assert.equal(element.textContent, "Stop 1:01");
  button.show(null);
  assert.deepEqual(said, ["1:01 kept"]);
});

test("an answer that comes late is held against what others said of its own token", () => {
  const agreement = new Agreement(5);
  agreement.push([[0, "a"]]);
  agreement.push([[0, "b"]]);
  agreement.push([[0, "b"], [1, "a", 2]]);
  agreement.push([[0, "b"]]);
  agreement.push([[0, "b"], [1, "a", 2]]);
  assert.deepEqual(agreement.of(0, 1), { all: 50, tokens: 2, recent: 50, recentTokens: 2 });
  agreement.push([[0, "b"], [1, "a", 9]]);
  assert.equal(agreement.of(0, 1).tokens, 2);
});

test("keys are named as musicians of the language do", () => {
  assert.equal(words("hand_signs"), "hand signs");
  setTexts({ tonics_major: "", tonics_minor: "", key_major: "{tonic} major", key_minor: "{tonic} minor" });
  assert.equal(words("B♭ minor"), "B♭ minor");
  setTexts({ tonics_major: "B♭=B B=H", tonics_minor: "B=h F♯=fis", key_major: "{tonic}-Dur", key_minor: "{tonic}-Moll" });
  assert.equal(words("B♭ major"), "B-Dur");
  assert.equal(words("B minor"), "h-Moll");
  assert.equal(words("F♯ minor"), "fis-Moll");
  assert.equal(words("A major"), "A-Dur");
});

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Followed } from "../../cla/view/static/followed.js";
import { keyList, listenForKeys } from "../../cla/view/static/keys.js";
import { setTexts } from "../../cla/view/static/texts.js";
import { Tip } from "../../cla/view/static/tip.js";
import { Clock, FakeElement, fakeDocument, withGlobals } from "./fakes.js";

let clock;
let restore;

beforeEach(() => {
  clock = new Clock();
  setTexts({});
  restore = withGlobals({ document: fakeDocument(), innerHeight: 600 });
});

afterEach(() => {
  restore();
  clock.end();
});

test("a control shows what the server says", () => {
  const check = Object.assign(new FakeElement(), { type: "checkbox" });
  const range = Object.assign(new FakeElement(), { type: "range" });
  const followed = new Followed([check, range], () => {});
  assert.equal(followed.put(check, true), true);
  assert.equal(followed.put(range, 3), true);
  assert.deepEqual([check.checked, range.value], [true, "3"]);
  followed.put(range, null);
  assert.equal(range.value, "");
});

test("a control that was just moved is not turned back, and shows the server's word later", () => {
  const range = Object.assign(new FakeElement(), { type: "range" });
  const other = Object.assign(new FakeElement(), { type: "range" });
  let again = 0;
  const followed = new Followed([range, other], () => { again += 1; });
  range.value = "5";
  range.send("input");
  clock.pass(990);
  assert.equal(followed.put(range, 3), false);
  assert.equal(followed.put(other, 3), true);
  assert.deepEqual([range.value, other.value, again], ["5", "3", 0]);
  clock.pass(10);
  assert.equal(again, 1);
  assert.equal(followed.put(range, 3), true);
  assert.equal(range.value, "3");
});

/** A page that remembers what keys made of it. */
function listening() {
  const done = [];
  const page = {
    hello: {},
    byId: (id) => ({ click: () => done.push(id) }),
    selectLane: (place) => done.push(place),
    removeLane: () => done.push("removed"),
  };
  const end = listenForKeys(page);
  const press = (key, { on = {}, ...more } = {}) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ...more });
    event.composedPath = () => [on];
    document.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { done, page, end, press };
}

test("keys press buttons, choose lanes and remove one", () => {
  const { done, press } = listening();
  for (const key of [" ", "s", "x", "r", "f", "m", "+", "?", "1", "4", "-", "−", "Delete"]) assert.equal(press(key), true);
  assert.deepEqual(done, ["pause", "step", "reset", "record", "freeze", "maps", "add-lane", "help", 0, 3, "removed", "removed", "removed"]);
});

test("other keys are the browser's, and those with a modifier too", () => {
  const { done, press } = listening();
  for (const key of ["5", "0", "a", "Tab", "12"]) assert.equal(press(key), false);
  for (const modifier of ["ctrlKey", "metaKey", "altKey"]) assert.equal(press("r", { [modifier]: true }), false);
  assert.deepEqual(done, []);
});

test("a key is meant for the control that has the focus", () => {
  const { done, press } = listening();
  assert.equal(press(" ", { on: { closest: () => ({}) } }), false);
  assert.equal(press(" ", { on: { closest: () => null } }), true);
  assert.deepEqual(done, ["pause"]);
});

test("keys do nothing before the server has said what there is, nor when the page has gone", () => {
  const { done, page, end, press } = listening();
  page.hello = undefined;
  press("s");
  page.hello = {};
  end();
  press("s");
  assert.deepEqual(done, []);
});

test("every key is listed", () => {
  const list = keyList();
  assert.equal(list.match(/<kbd>/g).length, 14);
  assert.match(list, /<kbd>key_space<\/kbd><\/dt><dd>key_pause/);
  assert.match(list, /<kbd>\+<\/kbd><\/dt><dd>key_add_lane/);
});

test("the window beside the pointer stays on the page", () => {
  document.documentElement = { clientWidth: 300 };
  const tip = new Tip(new FakeElement());
  tip.element.getBoundingClientRect = () => ({ width: 100, height: 20 });
  const at = (x, y) => {
    tip.show(tip.element, "text", x, y);
    return [tip.element.style.left, tip.element.style.top];
  };
  assert.deepEqual(at(50, 50), ["64px", "64px"]);
  assert.deepEqual(at(290, 590), ["196px", "556px"]);
  tip.element.getBoundingClientRect = () => ({ width: 400, height: 20 });
  assert.deepEqual(at(50, 50), ["4px", "64px"]);
});

test("only who has shown a text hides it", () => {
  const tip = new Tip(new FakeElement());
  tip.element.getBoundingClientRect = () => ({ width: 0, height: 0 });
  document.documentElement = { clientWidth: 300 };
  const [one, other] = [new FakeElement(), new FakeElement()];
  tip.show(one, "text", 0, 0);
  tip.hide(other);
  assert.equal(tip.element.hidden, false);
  tip.hide(one);
  assert.equal(tip.element.hidden, true);
});

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { readAddress, writeAddress } from "../../cla/view/static/address.js";
import { Drawer } from "../../cla/view/static/drawer.js";
import { showHint } from "../../cla/view/static/hint.js";
import { applyChoice, bindSettings, readPair, writePair } from "../../cla/view/static/page_settings.js";
import { recall, remember } from "../../cla/view/static/storage.js";
import { FakeElement, withGlobals } from "./fakes.js";

let restore;
let kept;
let controls;

const byId = (id) => (controls[id] ??= new FakeElement());
const at = (address) => { location.href = `https://server/live${address}`; };
const address = () => new URL(location.href).search;

beforeEach(() => {
  controls = {};
  kept = new Map();
  restore = withGlobals({
    location: { href: "https://server/live" },
    history: { state: { page: 3 }, replaceState: (state, _, url) => {
      assert.deepEqual(state, { page: 3 });
      location.href = url.href;
    } },
    localStorage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
  });
});

afterEach(() => restore());

test("a setting is in the address unless it is at its default", () => {
  writeAddress("head", "2", 0);
  assert.equal(address(), "?head=2");
  assert.equal(readAddress("head"), "2");
  writeAddress("head", 0, "0");
  assert.equal(address(), "");
  assert.equal(readAddress("head"), null);
});

test("other settings stay, and what is written comes back as it was", () => {
  at("?lang=de");
  writeAddress("clip", "a b&c=é", undefined);
  assert.equal(readAddress("clip"), "a b&c=é");
  assert.equal(readAddress("lang"), "de");
});

test("nothing is written where nothing changes", () => {
  history.replaceState = () => assert.fail("written");
  at("?maps=1");
  writeAddress("maps", 1, 0);
  writeAddress("fast", 0, 0);
});

test("controls show what the address says", () => {
  at("?sound=1&maps=yes&telemetry=1");
  bindSettings(byId);
  assert.equal(byId("sound").checked, true);
  assert.equal(byId("fast").checked, false);
  assert.equal(byId("maps").checked, false);
  assert.equal(byId("telemetry").open, true);
  assert.equal(byId("difference").open, false);
});

test("the address follows the controls", () => {
  bindSettings(byId);
  byId("fast").checked = true;
  byId("fast").send("change");
  byId("layer").value = "2";
  byId("layer").send("change");
  byId("difference").open = true;
  byId("difference").send("toggle");
  assert.equal(address(), "?fast=1&layer=2&difference=1");
  byId("layer").value = "1";
  byId("layer").send("change");
  assert.equal(address(), "?fast=1&difference=1");
});

test("a choice of the address is made where there is one of it", () => {
  const select = new FakeElement();
  Object.assign(select, { dataset: { testid: "layer" }, options: [{ value: "1" }, { value: "2" }], value: "1" });
  at("?layer=3");
  applyChoice(select);
  assert.equal(select.value, "1");
  at("?layer=2");
  applyChoice(select);
  assert.equal(select.value, "2");
});

test("a pair of lanes counts from one in the address", () => {
  writePair([2, 0]);
  assert.equal(address(), "?pair=3-1");
  assert.deepEqual(readPair(), [2, 0]);
  writePair([0, 1]);
  assert.equal(address(), "");
  assert.deepEqual(readPair(), [0, 1]);
});

test("an address with no two lanes is that of the first two", () => {
  for (const pair of ["5-1", "1", "1-2-3", "0-1", "2-2", "a-b", ""]) {
    at(`?pair=${pair}`);
    assert.deepEqual(readPair(), [0, 1], pair);
  }
});

test("what a browser forbids to remember is forgotten, and nothing breaks", () => {
  const forbidden = () => { throw new DOMException("", "SecurityError"); };
  restore();
  restore = withGlobals({ localStorage: null });
  Object.defineProperty(globalThis, "localStorage", { get: forbidden, configurable: true });
  remember("cla-camera", "7");
  assert.equal(recall("cla-camera"), null);
  const [root, element] = [new FakeElement(), new FakeElement()];
  showHint(root, element);
  root.click();
  assert.equal(element.hidden, true);
});

test("a hint goes at the first press and stays away", () => {
  const [root, first, next] = [new FakeElement(), new FakeElement(), new FakeElement()];
  first.hidden = next.hidden = true;
  showHint(root, first);
  assert.equal(first.hidden, false);
  root.click();
  assert.equal(first.hidden, true);
  showHint(root, next);
  assert.equal(next.hidden, true);
});

test("settings are open or closed as they were left, unless the address says otherwise", () => {
  byId("settings").hidden = true;
  const page = { root: new FakeElement(), byId };
  const drawer = new Drawer(page);
  assert.equal(drawer.open, false);
  byId("more").click();
  assert.deepEqual([drawer.open, address(), page.root.classes.has("more-open")], [true, "?more=1", true]);
  at("");
  assert.equal(new Drawer({ root: new FakeElement(), byId: (id) => (id === "settings" ? byId("settings") : new FakeElement()) }).open, true);
  at("?more=0");
  assert.equal(new Drawer({ root: new FakeElement(), byId: (id) => (id === "settings" ? byId("settings") : new FakeElement()) }).open, false);
});

// What scripts of the page find in a browser, as little of it as tests need.

import { mock } from "node:test";

/** Time that moves only when told to: `performance.now`, timeouts and intervals. */
export class Clock {
  constructor() {
    this.nowMs = 10_000;
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(performance, "now", () => this.nowMs);
  }

  /** Let milliseconds pass, and all that is due in them happen. */
  pass(ms) {
    for (let left = ms; left > 0; left -= 10) {
      const step = Math.min(10, left);
      this.nowMs += step;
      mock.timers.tick(step);
    }
  }

  end() {
    mock.timers.reset();
    mock.restoreAll();
  }
}

/** Let promises that are settled go on. */
export const settled = () => new Promise((done) => { setImmediate(done); });

/** Set globals for a test; returns what puts back those that were. */
export function withGlobals(globals) {
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  };
}

/** An element with the parts that are named when they are first asked for. */
export class FakeElement extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { value: "", checked: false, hidden: false, disabled: false, open: false, textContent: "" });
    Object.assign(this, { dataset: {}, style: { setProperty() {} }, options: [], children: [], parts: new Map(), classes: new Set() });
    this.classList = { toggle: (name, on) => this.classes[on ? "add" : "delete"](name) };
  }

  togglePopover(shown) {
    this.poppedOver = shown;
  }

  querySelector(selector) {
    if (!this.parts.has(selector)) this.parts.set(selector, new FakeElement());
    return this.parts.get(selector);
  }

  get parentElement() {
    return this.querySelector("..");
  }

  querySelectorAll() {
    return [];
  }

  /** Every fake is a control. */
  closest() {
    return this;
  }

  showPopover() {}

  focus() {}

  getRootNode() {
    return document;
  }

  setAttribute(name, value) {
    this[name] = value;
  }

  getBoundingClientRect() {
    return { left: 0, bottom: 0, width: 0, height: 0 };
  }

  replaceChildren(...options) {
    this.options = options;
  }

  /** Do what a visitor does: `type` is "input", "change", "click". */
  send(type) {
    this.dispatchEvent(new Event(type));
  }

  click() {
    this.send("click");
  }

  append() {}

  insertBefore(child, before) {
    this.children = this.children.filter((each) => each !== child);
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, child);
    child.parent = this;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((each) => each !== this);
  }

  removeAttribute(name) {
    this[name] = "";
  }

  getContext() {
    this.context ??= new FakeContext(this);
    return this.context;
  }
}

/** Remembers what was drawn, as [method, arguments, fillStyle]. */
export class FakeContext {
  constructor(canvas) {
    this.canvas = canvas;
    this.drawn = [];
    for (const method of ["fillRect", "strokeRect", "clearRect", "drawImage", "setTransform", "putImageData"]) {
      this[method] = (...given) => this.drawn.push([method, given, this.fillStyle]);
    }
  }

  measureText(text) {
    return { width: 6 * text.length };
  }

  createImageData(width, height) {
    return { data: new Uint8ClampedArray(4 * width * height) };
  }

  /** Arguments of the calls of one method. */
  of(method) {
    return this.drawn.filter(([name]) => name === method).map(([, given]) => given);
  }
}

/** A page's document, whose new elements are fakes. */
export const fakeDocument = () => Object.assign(new EventTarget(), { createElement: () => new FakeElement(), hidden: false });

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { LiveSocket, liveAddress } from "../../cla/view/static/client.js";
import { Clock, withGlobals } from "./fakes.js";

let clock;
let restore;
let opened;
let said;
let received;
let socket;

class FakeWebSocket {
  static OPEN = 1;

  constructor(url) {
    Object.assign(this, { url, readyState: 0, sent: [], bufferedAmount: 3 });
    opened.push(this);
  }

  send(message) {
    this.sent.push(message);
  }

  close(code) {
    this.readyState = 3;
    this.code = code;
  }

  /** What the network does. */
  connect() {
    this.readyState = FakeWebSocket.OPEN;
  }

  hear(header) {
    const text = Buffer.from(JSON.stringify({ ...header, arrays: [] }));
    const bytes = new Uint8Array(4 + text.length);
    new DataView(bytes.buffer).setUint32(0, text.length, true);
    bytes.set(text, 4);
    this.onmessage?.({ data: bytes.buffer });
  }

  lose(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

beforeEach(() => {
  opened = [];
  said = [];
  received = [];
  clock = new Clock();
  mock.method(Math, "random", () => 0.5);
  restore = withGlobals({ WebSocket: FakeWebSocket });
  socket = new LiveSocket(new URL("ws://server/live"), {
    onMessage: ({ type }) => received.push(type),
    onState: (sentence) => said.push(sentence),
  });
});

afterEach(() => {
  restore();
  clock.end();
});

const last = () => opened[opened.length - 1];

function connect() {
  last().connect();
  last().hear({ type: "hello", key: "mine" });
}

test("messages are handed on, and the first says that all is well", () => {
  connect();
  last().hear({ type: "token" });
  clock.pass(60_000);
  assert.deepEqual(received, ["hello", "token"]);
  assert.deepEqual(said, [null]);
});

test("a page comes back with the key that it was given", () => {
  connect();
  last().lose(1006);
  clock.pass(300);
  assert.equal(last().url.searchParams.get("key"), "mine");
});

test("the live connection lies beside the folder of the script", () => {
  const { pathname, searchParams } = liveAddress({ token: "t&t" });
  assert.match(pathname, /view\/v1\/live$/);
  assert.equal(searchParams.get("token"), "t&t");
  assert.equal(String(liveAddress({}, new URL("https://lab.example/demo/"))), "wss://lab.example/demo/v1/live?format=arrays");
});

test("what is sent without a connection is dropped, and the sender told", () => {
  assert.equal(socket.send({ type: "pause" }), false);
  assert.equal(socket.sendBytes(new ArrayBuffer(2)), false);
  connect();
  assert.equal(socket.send({ type: "pause" }), true);
  assert.equal(socket.sendBytes(new ArrayBuffer(2)), true);
  assert.deepEqual(last().sent, ['{"type":"pause"}', new ArrayBuffer(2)]);
  assert.equal(socket.buffered, 3);
});

test("a lost connection is tried again, each time later, up to five seconds", () => {
  connect();
  for (const waitMs of [300, 600, 1200, 2400, 4800, 5000, 5000]) {
    last().lose(1006);
    assert.equal(said[said.length - 1], "lost");
    const { length } = opened;
    clock.pass(waitMs - 1);
    assert.equal(opened.length, length);
    clock.pass(1);
    assert.equal(opened.length, length + 1);
  }
});

test("a connection that answered starts the waiting anew", () => {
  last().lose(1006);
  clock.pass(300);
  last().lose(1006);
  clock.pass(600);
  connect();
  last().lose(1006);
  clock.pass(300);
  assert.equal(opened.length, 4);
});

test("a server whose places are taken is asked again, not by all pages at once", () => {
  last().lose(1013);
  assert.deepEqual(said, ["full"]);
  clock.pass(7499);
  assert.equal(opened.length, 1);
  clock.pass(1);
  assert.equal(opened.length, 2);
});

test("a page that is refused stays away", () => {
  last().lose(1008);
  assert.deepEqual(said, ["refused_page"]);
  clock.pass(60_000);
  assert.equal(opened.length, 1);
});

test("a server that never answers is spoken of once", () => {
  last().connect();
  clock.pass(9_990);
  assert.deepEqual(said, []);
  clock.pass(20_000);
  assert.deepEqual(said, ["no_answer"]);
});

test("silence where an answer is due counts as a lost connection", () => {
  connect();
  const dead = last();
  clock.pass(4_990);
  socket.expectAnswer();
  assert.equal(dead.readyState, FakeWebSocket.OPEN);
  clock.pass(10);
  socket.expectAnswer();
  assert.equal(said[said.length - 1], "lost");
  // What it still brings is of the past, and its end is known already.
  dead.hear({ type: "token" });
  dead.lose(1006);
  socket.expectAnswer();
  clock.pass(300);
  assert.deepEqual(received, ["hello"]);
  assert.equal(opened.length, 2);
});

test("a page that leaves says so, and does not come back", () => {
  last().lose(1006);
  socket.close();
  clock.pass(60_000);
  assert.equal(opened.length, 1);
  assert.equal(last().code, 1000);
  assert.deepEqual(said, ["lost"]);
});

test("the end of a connection that the page left is no news", () => {
  socket.close();
  last().lose(1000);
  clock.pass(60_000);
  assert.deepEqual(said, []);
  assert.equal(opened.length, 1);
});

// The connection to the live session: decodes messages, reconnects by itself.

import { say } from "./texts.js";

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5000;
const FULL_RETRY_MS = 5000;
const SILENCE_MS = 5000;
const PATIENCE_MS = 10000;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** Decode one binary message: {header, arrays: {name: {data: Float32Array, shape}}}. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  let offset = 4 + length;
  for (const [name, shape] of header.arrays) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { data: new Float32Array(buffer, offset, count), shape };
    offset += 4 * count;
  }
  return { header, arrays };
}

/** Keeps one WebSocket open; `handlers` are onMessage(header, arrays) and onState(text or null). */
export class LiveSocket {
  constructor(url, handlers) {
    this.url = url;
    this.handlers = handlers;
    this.retryMs = FIRST_RETRY_MS;
    this.stopped = false;
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.heard = performance.now();
    const patience = setTimeout(() => this.handlers.onState(say("no_answer")), PATIENCE_MS);
    this.socket.onmessage = (event) => {
      clearTimeout(patience);
      this.heard = performance.now();
      const { header, arrays } = decode(event.data);
      if (header.type === "hello") {
        this.retryMs = FIRST_RETRY_MS;
        this.handlers.onState(null);
      }
      this.handlers.onMessage(header, arrays);
    };
    this.socket.onclose = (event) => {
      clearTimeout(patience);
      if (this.stopped) return;
      if (event.code === POLICY_VIOLATION) {
        this.handlers.onState(say("refused_page"));
        return;
      }
      const full = event.code === TRY_AGAIN_LATER;
      this.handlers.onState(say(full ? "full" : "lost"));
      // Pages that wait for a place do not all come at once.
      const waitMs = full ? FULL_RETRY_MS * (1 + Math.random()) : this.retryMs;
      this.timer = setTimeout(() => this.open(), waitMs);
      this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
    };
  }

  /** Called while the server must have something to say: a dead network does not tell. */
  expectAnswer() {
    const { socket } = this;
    if (socket.readyState !== WebSocket.OPEN || performance.now() - this.heard < SILENCE_MS) return;
    socket.onmessage = null;
    socket.close();
    socket.onclose({ code: 0 });
    socket.onclose = null;
  }

  /** Send a command; false, and dropped, while there is no connection. */
  send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Send sound, pictures or upload bytes; false while there is no connection. */
  sendBytes(buffer) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(buffer);
    return true;
  }

  /** Bytes that wait to be sent. */
  get buffered() {
    return this.socket.bufferedAmount;
  }

  close() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket.close(NORMAL);
  }
}

// The connection to the live session: reconnects by itself.

/** @import { Message, Tables } from "./types.js" */

import { say } from "./texts.js";
import { decode } from "./wire.js";

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5000;
const FULL_RETRY_MS = 5000;
const SILENCE_MS = 5000;
const PATIENCE_MS = 10000;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** Keeps one WebSocket open. */
export class LiveSocket {
  /** @type {WebSocket} */
  socket;
  /** When the server has said something last. */
  heard = 0;
  retryMs = FIRST_RETRY_MS;
  stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  patience;

  /**
   * @param {URL} url
   * @param {{onMessage: (header: Message, arrays: Tables) => void, onState: (sentence: string | null) => void}} handlers
   */
  constructor(url, handlers) {
    this.url = url;
    this.handlers = handlers;
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.heard = performance.now();
    this.patience = setTimeout(() => this.handlers.onState(say("no_answer")), PATIENCE_MS);
    this.socket.onmessage = ({ data }) => this.take(data);
    this.socket.onclose = ({ code }) => this.lose(code);
  }

  /** @param {ArrayBuffer} message */
  take(message) {
    clearTimeout(this.patience);
    this.heard = performance.now();
    const { header, arrays } = decode(message);
    if (header.type === "hello") {
      this.retryMs = FIRST_RETRY_MS;
      this.handlers.onState(null);
    }
    this.handlers.onMessage(header, arrays);
  }

  /** The connection is gone: try again, unless the server does not want this page. @param {number} code */
  lose(code) {
    clearTimeout(this.patience);
    if (this.stopped) return;
    if (code === POLICY_VIOLATION) {
      this.handlers.onState(say("refused_page"));
      return;
    }
    const full = code === TRY_AGAIN_LATER;
    this.handlers.onState(say(full ? "full" : "lost"));
    // Pages that wait for a place do not all come at once.
    const waitMs = full ? FULL_RETRY_MS * (1 + Math.random()) : this.retryMs;
    this.timer = setTimeout(() => this.open(), waitMs);
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
  }

  /** Called while the server must have something to say: a dead network does not tell. */
  expectAnswer() {
    if (!this.connected || performance.now() - this.heard < SILENCE_MS) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.lose(0);
  }

  get connected() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Send a command; false, and dropped, while there is no connection. @param {object} message */
  send(message) {
    return this.sendBytes(JSON.stringify(message));
  }

  /**
   * Send sound, pictures or upload bytes; false while there is no connection.
   * @param {ArrayBuffer | string} bytes
   */
  sendBytes(bytes) {
    if (this.connected) this.socket.send(bytes);
    return this.connected;
  }

  /** Bytes that wait to be sent. */
  get buffered() {
    return this.socket.bufferedAmount;
  }

  close() {
    this.stopped = true;
    clearTimeout(this.patience);
    clearTimeout(this.timer);
    this.socket.close(NORMAL);
  }
}

// A client of the live session, for any page: connects, reconnects, reads what comes, packs what goes.
// docs/streaming.md is the protocol. It needs no other script but worklet.js, beside it, for a microphone.

/** @import { Heard, Message, Tables } from "./types.js" */

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5000;
const FULL_RETRY_MS = 5000;
const SILENCE_MS = 5000;
const PATIENCE_MS = 10000;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
const SAMPLE_RATE_HZ = 16000;

/**
 * Address of the live connection: of the server that this script came from, unless told otherwise.
 * @param {{key?: string, token?: string, lang?: string}} query a page's key, or a token
 * @param {string | URL} server under which `v1/live` lies
 */
export function liveAddress(query = {}, server = new URL("../", import.meta.url)) {
  const url = new URL("v1/live", server);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = String(new URLSearchParams({ format: "arrays", ...query }));
  return url;
}

/**
 * Decode one binary message; its arrays are views of it.
 * @param {ArrayBuffer} buffer
 * @returns {{header: Message, arrays: Tables}}
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { arrays: listed, ...header } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  /** @type {Tables} */
  const arrays = {};
  let offset = 4 + length;
  for (const [name, shape] of /** @type {[string, number[]][]} */ (listed)) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { data: new Float32Array(buffer, offset, count), shape };
    offset += 4 * count;
  }
  return { header, arrays };
}

/**
 * A picture as the server takes it: its time (float64, little-endian), then its JPEG.
 * @param {number} takenS
 * @param {ArrayBuffer} jpeg
 */
export function pictureMessage(takenS, jpeg) {
  const message = new Uint8Array(8 + jpeg.byteLength);
  new DataView(message.buffer).setFloat64(0, takenS, true);
  message.set(new Uint8Array(jpeg), 8);
  return message.buffer;
}

/**
 * The sound of a microphone as packets of int16 samples, at 16 kHz where the browser resamples, else at the
 * device's rate; close the context to end it.
 * @param {MediaStream} stream
 * @param {(heard: Heard) => void} onPacket
 * @param {(context: AudioContext) => void} onContext told of it as soon as there is one
 */
export async function listen(stream, onPacket, onContext = () => {}) {
  let context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
  let source;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    await context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  onContext(context);
  await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
  const node = new AudioWorkletNode(context, "cla-packets", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => onPacket(data);
  source.connect(node);
  return context;
}

/** @typedef {"no_answer" | "refused_page" | "full" | "lost" | null} State what ails the connection, if anything */

/** Keeps one WebSocket open, and comes back to its session. */
export class LiveSocket {
  /** @type {WebSocket} */
  socket;
  /** When the server has said something last. */
  heard = 0;
  retryMs = FIRST_RETRY_MS;
  fullMs = FULL_RETRY_MS;
  stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  patience;

  /**
   * @param {URL} url as of `liveAddress`
   * @param {{onMessage: (header: Message, arrays: Tables) => void, onState: (state: State) => void}} handlers
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
    this.patience = setTimeout(() => this.handlers.onState("no_answer"), PATIENCE_MS);
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
      this.url.searchParams.set("key", header.key);
      this.handlers.onState(null);
    }
    if (header.type === "fault" && header.values.wait) this.fullMs = 1000 * Number(header.values.wait);
    this.handlers.onMessage(header, arrays);
  }

  /** The connection is gone: try again, unless the server does not want this page. @param {number} code */
  lose(code) {
    clearTimeout(this.patience);
    if (this.stopped) return;
    if (code === POLICY_VIOLATION) {
      this.handlers.onState("refused_page");
      return;
    }
    const full = code === TRY_AGAIN_LATER;
    this.handlers.onState(full ? "full" : "lost");
    // Pages that wait for a place do not all come at once.
    const waitMs = full ? this.fullMs * (1 + Math.random()) : this.retryMs;
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

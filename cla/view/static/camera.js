// The browser's camera, as JPEG pictures: the newest wins, and what is left out is counted.

/** @typedef {{onFrame: (message: ArrayBuffer) => boolean, onEnd: (sentence: string) => void}} Handlers */

import { devicesOf, openMedia } from "./capture_errors.js";
import { contextOf } from "./canvas.js";
import { recall, remember } from "./storage.js";
import { say } from "./texts.js";
import { pictureMessage } from "./client.js";

const DEVICE_KEY = "cla-camera";
const PERIOD_MS = 50;
const MAX_SIDE = 480;
const QUALITY = 0.7;
const MAX_UNANSWERED = 3;
const PATIENCE_MS = 500;
const SILENT_MS = 5000;
const KEPT_PICTURES = 8;

export class Camera {
  /** @type {MediaStream | undefined} */
  stream;
  /** Pictures that the server may still answer. @type {{takenS: number, picture: ImageBitmap}[]} */
  sent = [];
  /** Pictures left out. */
  dropped = 0;
  unanswered = 0;
  encoding = false;
  /** Counts the sessions: pictures of an earlier one are no more asked for. */
  turn = 0;
  startMs = 0;
  /** From when on the next picture is wanted. */
  dueMs = 0;
  /** When the last picture was there, and when one was sent. */
  seenMs = 0;
  sentMs = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  watchdog;

  /** @param {Handlers} handlers `onFrame` says whether the message could be sent */
  constructor(handlers) {
    this.handlers = handlers;
    this.canvas = document.createElement("canvas");
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
  }

  /**
   * Start; resolves to {name, deviceId, devices} or throws an Error with a sentence.
   * @param {string | undefined} deviceId
   */
  async start(deviceId = recall(DEVICE_KEY) || undefined) {
    /** @type {MediaTrackConstraints} */
    const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    if (deviceId) video.deviceId = { ideal: deviceId };
    else video.facingMode = "user";
    this.stream = await openMedia("camera", { video });
    const track = this.stream.getVideoTracks()[0];
    const { deviceId: used } = track.getSettings();
    if (used) remember(DEVICE_KEY, used);
    track.onended = () => this.handlers.onEnd(say("unplugged", { device: say("device_camera") }));
    this.video.srcObject = this.stream;
    try {
      await this.video.play();
    } catch (error) {
      this.stop();
      throw new Error(say("failed", { device: say("device_camera"), reason: error.name }));
    }
    this.begin();
    this.watchdog = setInterval(() => this.check(), 1000);
    return { name: track.label, deviceId: used, devices: await devicesOf("videoinput", "camera") };
  }

  /** Count time and pictures from here: a new session begins. */
  begin() {
    this.startMs = this.dueMs = this.seenMs = this.sentMs = performance.now();
    this.dropped = this.unanswered = 0;
    this.sent = [];
    this.encoding = false;
    this.turn += 1;
    const { turn } = this;
    /** @param {number} nowMs */
    const next = (nowMs) => {
      if (!this.stream || this.turn !== turn) return;
      this.take(nowMs);
      this.request(next);
    };
    this.request(next);
  }

  /** @param {(nowMs: number) => void} next */
  request(next) {
    if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(next);
    else setTimeout(() => next(performance.now()), PERIOD_MS);
  }

  /** A picture is there: send it, or count it where the way is not free. @param {number} nowMs */
  async take(nowMs) {
    this.seenMs = performance.now();
    if (nowMs < this.dueMs - 5) return;
    this.dueMs = Math.max(this.dueMs + PERIOD_MS, nowMs);
    const answered = this.unanswered < MAX_UNANSWERED || nowMs - this.sentMs > PATIENCE_MS;
    if (this.encoding || !answered) {
      this.dropped += 1;
      return;
    }
    this.encoding = true;
    try {
      await this.send(nowMs);
    } finally {
      this.encoding = false;
    }
  }

  /** @param {number} nowMs */
  async send(nowMs) {
    const message = await this.encode(nowMs);
    if (!message || !this.stream) return;
    const picture = await createImageBitmap(this.canvas);
    if (this.handlers.onFrame(message)) {
      this.unanswered += 1;
      this.sentMs = nowMs;
      this.sent.push({ takenS: this.takenS(nowMs), picture });
      if (this.sent.length > KEPT_PICTURES) this.sent.shift()?.picture.close();
    } else {
      this.dropped += 1;
    }
  }

  /** What is seen now as a message, or null while there is nothing. @param {number} nowMs */
  async encode(nowMs) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    contextOf(this.canvas).drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    /** @type {Blob | null} */
    const jpeg = await new Promise((done) => { this.canvas.toBlob(done, "image/jpeg", QUALITY); });
    return jpeg && pictureMessage(this.takenS(nowMs), await jpeg.arrayBuffer());
  }

  /** @param {number} nowMs */
  takenS(nowMs) {
    return (nowMs - this.startMs) / 1000;
  }

  /**
   * The server has worked on the picture of that time; returns it, for its hands to be drawn over.
   * @param {number} takenS
   */
  answer(takenS) {
    this.unanswered = 0;
    while (this.sent.length > 1 && this.sent[0].takenS < takenS - 1e-6) this.sent.shift()?.picture.close();
    return this.sent.at(0)?.picture;
  }

  check() {
    if (document.hidden) this.seenMs = performance.now();
    if (performance.now() - this.seenMs > SILENT_MS) {
      this.handlers.onEnd(say("no_pictures"));
    }
  }

  get running() {
    return Boolean(this.stream);
  }

  get announcement() {
    return { type: "camera" };
  }

  stop() {
    clearInterval(this.watchdog);
    this.stream?.getTracks().forEach((track) => {
      track.onended = null;
      track.stop();
    });
    this.stream = undefined;
    this.video.srcObject = null;
  }
}

// The browser's camera, as JPEG pictures: the newest wins, and what is left out is counted.

import { devicesOf, openMedia } from "./capture_errors.js";
import { say } from "./texts.js";

const DEVICE_KEY = "cla-camera";
const PERIOD_MS = 50;
const MAX_SIDE = 480;
const QUALITY = 0.7;
const MAX_UNANSWERED = 3;
const PATIENCE_MS = 500;
const SILENT_MS = 5000;
const KEPT_PICTURES = 8;

export class Camera {
  /** `handlers`: onFrame(buffer) -> whether it could be sent, onEnd(sentence). */
  constructor(handlers) {
    this.handlers = handlers;
    this.canvas = document.createElement("canvas");
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
    this.dropped = 0;
    this.sent = [];
  }

  /** Start; resolves to {name, deviceId, devices} or throws an Error with a sentence. */
  async start(deviceId = localStorage.getItem(DEVICE_KEY) || undefined) {
    const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    if (deviceId) video.deviceId = { ideal: deviceId };
    else video.facingMode = "user";
    this.stream = await openMedia("camera", { video });
    const track = this.stream.getVideoTracks()[0];
    const { deviceId: used } = track.getSettings();
    if (used) localStorage.setItem(DEVICE_KEY, used);
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
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const next = (nowMs) => {
      if (!this.stream || this.turn !== turn) return;
      this.take(nowMs);
      this.request(next);
    };
    this.request(next);
  }

  request(next) {
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(next);
    else setTimeout(() => next(performance.now()), PERIOD_MS);
  }

  /** A picture is there: send it, or count it where the way is not free. */
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

  async send(nowMs) {
    const message = await this.encode(nowMs);
    if (!message || !this.stream) return;
    const picture = await createImageBitmap(this.canvas);
    if (this.handlers.onFrame(message)) {
      this.unanswered += 1;
      this.sentMs = nowMs;
      this.sent.push({ takenS: this.takenS(nowMs), picture });
      if (this.sent.length > KEPT_PICTURES) this.sent.shift().picture.close();
    } else {
      this.dropped += 1;
    }
  }

  /** The picture's time in seconds (float64, little-endian), then its JPEG. */
  async encode(nowMs) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
    const message = new Uint8Array(8 + blob.size);
    new DataView(message.buffer).setFloat64(0, this.takenS(nowMs), true);
    message.set(new Uint8Array(await blob.arrayBuffer()), 8);
    return message.buffer;
  }

  takenS(nowMs) {
    return (nowMs - this.startMs) / 1000;
  }

  /** The server has worked on the picture of that time; returns it, for its hands to be drawn over. */
  answer(takenS) {
    this.unanswered = 0;
    while (this.sent.length > 1 && this.sent[0].takenS < takenS - 1e-6) this.sent.shift().picture.close();
    return this.sent[0]?.picture;
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
    this.stream = this.video.srcObject = undefined;
  }
}

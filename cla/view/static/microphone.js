// The browser's microphone, as packets of int16 samples.

/** @import { Heard } from "./types.js" */

/**
 * @typedef {object} Handlers
 * @property {(packet: ArrayBuffer) => void} onPacket
 * @property {(level: number) => void} onLevel 0..1
 * @property {(sentence: string) => void} onEnd
 * @property {() => void} onHeld the browser stops the sound
 * @property {(missed: number) => void} onRun it goes on, behind so many samples
 */

import { AudioGuard } from "./audio_guard.js";
import { listen } from "./client.js";
import { devicesOf, openMedia } from "./capture_errors.js";
import { recall, remember } from "./storage.js";
import { say } from "./texts.js";

const DEVICE_KEY = "cla-microphone";

export class Microphone {
  /** @type {MediaStream | undefined} */
  stream;
  /** @type {AudioContext | undefined} */
  context;
  /** @type {AudioGuard | undefined} */
  guard;
  /** Whether anything has been heard yet. */
  heard = false;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
  }

  /**
   * Start; resolves to {name, deviceId, devices} or throws an Error with a sentence.
   * @param {string | undefined} deviceId
   */
  async start(deviceId = recall(DEVICE_KEY) || undefined) {
    /** @type {MediaTrackConstraints} */
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (deviceId) audio.deviceId = { ideal: deviceId };
    this.stream = await openMedia("microphone", { audio });
    try {
      return await this.connect(this.stream);
    } catch (error) {
      this.stop();
      throw new Error(say("no_capture", { reason: error.message }));
    }
  }

  /** @param {MediaStream} stream */
  async connect(stream) {
    const track = stream.getAudioTracks()[0];
    const { deviceId } = track.getSettings();
    if (deviceId) remember(DEVICE_KEY, deviceId);
    track.onended = () => this.handlers.onEnd(say("unplugged", { device: say("device_microphone") }));
    this.heard = false;
    const onPacket = (/** @type {Heard} */ { packet, peak }) => {
      this.heard = true;
      this.handlers.onPacket(packet);
      this.handlers.onLevel(peak);
    };
    await listen(stream, onPacket, (context) => {
      this.context = context;
      this.guard = new AudioGuard(context, {
        onHeld: () => this.handlers.onHeld(),
        onRun: (stoppedMs) => this.handlers.onRun(this.heard ? Math.round((stoppedMs / 1000) * context.sampleRate) : 0),
      });
    });
    return { name: track.label, deviceId, devices: await devicesOf("audioinput", "microphone") };
  }

  get running() {
    return Boolean(this.stream);
  }

  /** The message that tells the server what is coming. */
  get announcement() {
    return { type: "microphone", sample_rate_hz: this.context?.sampleRate };
  }

  stop() {
    this.stream?.getTracks().forEach((track) => {
      track.onended = null;
      track.stop();
    });
    this.guard?.end();
    if (this.context?.state !== "closed") this.context?.close();
    this.stream = this.context = this.guard = undefined;
  }
}

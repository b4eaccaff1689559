// The browser's microphone, as packets of int16 samples.

/**
 * @typedef {object} Handlers
 * @property {(packet: ArrayBuffer) => void} onPacket
 * @property {(level: number) => void} onLevel 0..1
 * @property {(sentence: string) => void} onEnd
 * @property {() => void} onHeld the browser stops the sound
 * @property {(missed: number) => void} onRun it goes on, behind so many samples
 */

import { AudioGuard } from "./audio_guard.js";
import { devicesOf, openMedia } from "./capture_errors.js";
import { routeUrl } from "./routes.js";
import { recall, remember } from "./storage.js";
import { say } from "./texts.js";

const SAMPLE_RATE_HZ = 16000;
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
    const { context, source } = await openContext(stream);
    this.heard = false;
    this.context = context;
    this.guard = new AudioGuard(context, {
      onHeld: () => this.handlers.onHeld(),
      onRun: (stoppedMs) => this.handlers.onRun(this.heard ? Math.round((stoppedMs / 1000) * context.sampleRate) : 0),
    });
    await context.audioWorklet.addModule(routeUrl("static/worklet.js"));
    const node = new AudioWorkletNode(context, "cla-packets", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.heard = true;
      this.handlers.onPacket(data.packet);
      this.handlers.onLevel(data.peak);
    };
    source.connect(node);
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

/** A context at 16 kHz where the browser resamples, else at the device's rate. @param {MediaStream} stream */
async function openContext(stream) {
  const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    await context.close();
    const own = new AudioContext();
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}

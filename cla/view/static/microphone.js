// The browser's microphone, as packets of int16 samples.

import { AudioGuard } from "./audio_guard.js";
import { devicesOf, openMedia } from "./capture_errors.js";
import { routeUrl } from "./routes.js";
import { say } from "./texts.js";

const SAMPLE_RATE_HZ = 16000;
const DEVICE_KEY = "cla-microphone";

export class Microphone {
  /** `handlers`: onPacket(buffer), onLevel(0..1), onEnd(sentence), and onHeld() and
   * onRun(samples missed) where the browser stops the sound, and lets it go on. */
  constructor(handlers) {
    this.handlers = handlers;
  }

  /** Start; resolves to {name, deviceId, devices} or throws an Error with a sentence. */
  async start(deviceId = localStorage.getItem(DEVICE_KEY) || undefined) {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (deviceId) audio.deviceId = { ideal: deviceId };
    this.stream = await openMedia("microphone", { audio });
    try {
      return await this.connect();
    } catch (error) {
      this.stop();
      throw new Error(say("no_capture", { reason: error.message }));
    }
  }

  async connect() {
    const track = this.stream.getAudioTracks()[0];
    const { deviceId } = track.getSettings();
    if (deviceId) localStorage.setItem(DEVICE_KEY, deviceId);
    track.onended = () => this.handlers.onEnd(say("unplugged", { device: say("device_microphone") }));
    this.context = await this.openContext();
    this.heard = false;
    this.guard = new AudioGuard(this.context, {
      onHeld: () => this.handlers.onHeld(),
      onRun: (stoppedMs) => this.handlers.onRun(this.heard ? this.samplesOf(stoppedMs) : 0),
    });
    await this.context.audioWorklet.addModule(routeUrl("static/worklet.js"));
    const node = new AudioWorkletNode(this.context, "cla-packets", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.heard = true;
      this.handlers.onPacket(data.packet);
      this.handlers.onLevel(data.peak);
    };
    this.source.connect(node);
    return { name: track.label, deviceId, devices: await devicesOf("audioinput", "microphone") };
  }

  /** A context at 16 kHz where the browser resamples, else at the device's rate. */
  async openContext() {
    let context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
    try {
      this.source = context.createMediaStreamSource(this.stream);
    } catch {
      await context.close();
      context = new AudioContext();
      this.source = context.createMediaStreamSource(this.stream);
    }
    return context;
  }

  samplesOf(ms) {
    return Math.round((ms / 1000) * this.context.sampleRate);
  }

  get running() {
    return Boolean(this.stream);
  }

  /** The message that tells the server what is coming. */
  get announcement() {
    return { type: "microphone", sample_rate_hz: this.context.sampleRate };
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

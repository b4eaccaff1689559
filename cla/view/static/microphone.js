// The microphone: permission, devices, packets; every refusal becomes a sentence with a remedy.

const SAMPLE_RATE_HZ = 16000;
const DEVICE_KEY = "cla-microphone";

const REASONS = {
  NotAllowedError: "The browser refused the microphone. Allow it in the address bar, then press Microphone again.",
  NotFoundError: "No microphone was found. Connect one, or play a sample.",
  NotReadableError: "Another program holds the microphone. Close that, then press Microphone again.",
  OverconstrainedError: "The chosen microphone is gone. Choose another.",
};

/** Why the microphone cannot work on this page at all, or null. */
export function preflight() {
  if (!window.isSecureContext) {
    return "Browsers give the microphone to secure pages only. Open this page by https:// or as localhost.";
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    return "This browser cannot record sound. Use a current Firefox, Chrome, Edge or Safari.";
  }
  return null;
}

export class Microphone {
  /** `handlers`: onPacket(buffer), onLevel(0..1), onEnd(sentence). */
  constructor(scripts, handlers) {
    this.scripts = scripts;
    this.handlers = handlers;
  }

  /** Start; resolves to {rate, name, devices} or throws an Error with a sentence. */
  async start(deviceId = localStorage.getItem(DEVICE_KEY) || undefined) {
    const problem = preflight();
    if (problem) throw new Error(problem);
    try {
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      if (deviceId) audio.deviceId = { ideal: deviceId };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new Error(REASONS[error.name] || `The microphone failed (${error.name}). Try another.`);
    }
    try {
      return await this.connect();
    } catch (error) {
      this.stop();
      throw new Error(`Sound cannot be captured (${error.message}). Reload the page.`);
    }
  }

  async connect() {
    const track = this.stream.getAudioTracks()[0];
    const { deviceId } = track.getSettings();
    if (deviceId) localStorage.setItem(DEVICE_KEY, deviceId);
    track.onended = () => this.handlers.onEnd("The microphone was unplugged. Connect it and press Microphone again.");
    this.context = await this.openContext();
    await this.context.audioWorklet.addModule(`${this.scripts}worklet.js`);
    const node = new AudioWorkletNode(this.context, "cla-packets", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.handlers.onPacket(data.packet);
      this.handlers.onLevel(data.peak);
    };
    this.source.connect(node);
    const all = await navigator.mediaDevices.enumerateDevices();
    const devices = all.filter((device) => device.kind === "audioinput");
    return { rate: this.context.sampleRate, name: track.label, deviceId, devices };
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
    await context.resume();
    return context;
  }

  stop() {
    this.stream?.getTracks().forEach((track) => {
      track.onended = null;
      track.stop();
    });
    if (this.context?.state !== "closed") this.context?.close();
    this.stream = this.context = undefined;
  }
}

// Records some seconds of the browser's camera, and hands the clip to the page as base64.

import { openMedia } from "./capture_errors.js";
import { part } from "./dom.js";
import { decimal } from "./format.js";
import { say, setTexts } from "./texts.js";

const VIDEO = { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 15 }, facingMode: "user" };
const BITS_PER_SECOND = 800_000;
const TICK_MS = 200;

/** @typedef {{texts: Record<string, string>, most_s: number}} Data */

class Recorder {
  /** Takes the clip. @type {(clip: string) => void} */
  give = () => {};
  /** @type {MediaStream | undefined} */
  stream;
  /** @type {MediaRecorder | undefined} */
  recorder;
  startMs = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  timer;

  /** @param {HTMLElement} root @param {Data} data */
  constructor(root, { texts, most_s }) {
    setTexts(texts);
    this.mostS = most_s;
    root.innerHTML = `
      <div class="bar">
        <button type="button" data-testid="recorder">${say("recorder_start")}</button>
        <output data-testid="recorded"></output>
      </div>
      <video class="recorder" muted playsinline hidden aria-label="${say("recorder_preview")}"></video>
      <p class="notice" role="status" hidden></p>`;
    /** @type {HTMLButtonElement} */
    this.button = part(root, "button");
    this.output = part(root, "output");
    /** @type {HTMLVideoElement} */
    this.video = part(root, "video");
    this.notice = part(root, ".notice");
    this.button.onclick = () => (this.recorder ? this.recorder.stop() : this.begin());
  }

  async begin() {
    this.complain("");
    // While the browser asks the visitor, a second press must not ask again.
    this.button.disabled = true;
    try {
      this.stream = await openMedia("camera", { video: VIDEO });
      this.video.srcObject = this.stream;
      this.video.hidden = false;
      await this.video.play();
      this.recorder = this.start(this.stream);
    } catch (error) {
      this.stop();
      this.complain(error.message);
      return;
    } finally {
      this.button.disabled = false;
    }
    this.startMs = performance.now();
    this.button.textContent = say("recorder_stop");
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** @param {MediaStream} stream */
  start(stream) {
    const recorder = new MediaRecorder(stream, { videoBitsPerSecond: BITS_PER_SECOND });
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => this.hand(new Blob(parts));
    recorder.start();
    return recorder;
  }

  tick() {
    const seconds = (performance.now() - this.startMs) / 1000;
    this.output.textContent = `${decimal(seconds, 1)} s`;
    if (seconds >= this.mostS) this.recorder?.stop();
  }

  /** @param {Blob} clip */
  hand(clip) {
    this.stop();
    this.output.textContent = say("recorder_working");
    const reader = new FileReader();
    reader.onload = () => {
      this.output.textContent = "";
      this.give(String(reader.result).split(",")[1]);
    };
    reader.readAsDataURL(clip);
  }

  /** @param {string} sentence */
  complain(sentence) {
    this.notice.hidden = !sentence;
    this.notice.textContent = sentence;
  }

  stop() {
    clearInterval(this.timer);
    if (this.recorder) this.recorder.onstop = null;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.recorder = undefined;
    this.video.hidden = true;
    this.button.textContent = say("recorder_start");
  }
}

/**
 * Mount the recorder once; further renders of the component leave it alone.
 * @param {HTMLElement} parent
 * @param {Data} data
 * @param {(name: string, value: string) => void} setTriggerValue
 */
export function mount(parent, data, setTriggerValue) {
  /** @type {HTMLElement & {recorder?: Recorder}} */
  const root = part(parent, ".cla-live");
  root.recorder ??= new Recorder(root, data);
  const { recorder } = root;
  recorder.give = (clip) => setTriggerValue("made", clip);
  return () => setTimeout(() => root.isConnected || recorder.stop());
}

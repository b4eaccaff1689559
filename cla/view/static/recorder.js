// Records some seconds of the browser's camera, and hands the clip to the page as base64.

import { openMedia } from "./capture_errors.js";
import { decimal } from "./format.js";
import { say, setTexts } from "./texts.js";

const VIDEO = { width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 15 }, facingMode: "user" };
const BITS_PER_SECOND = 800_000;
const TICK_MS = 200;

class Recorder {
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
    this.button = root.querySelector("button");
    this.output = root.querySelector("output");
    this.video = root.querySelector("video");
    this.notice = root.querySelector(".notice");
    this.button.onclick = () => (this.recorder ? this.recorder.stop() : this.begin());
  }

  async begin() {
    this.complain("");
    try {
      this.stream = await openMedia("camera", { video: VIDEO });
      this.video.srcObject = this.stream;
      this.video.hidden = false;
      await this.video.play();
      this.recorder = new MediaRecorder(this.stream, { videoBitsPerSecond: BITS_PER_SECOND });
    } catch (error) {
      this.stop();
      return this.complain(error.message);
    }
    const parts = [];
    this.recorder.ondataavailable = ({ data }) => parts.push(data);
    this.recorder.onstop = () => this.hand(new Blob(parts));
    this.recorder.start();
    this.startMs = performance.now();
    this.button.textContent = say("recorder_stop");
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  tick() {
    const seconds = (performance.now() - this.startMs) / 1000;
    this.output.textContent = `${decimal(seconds, 1)} s`;
    if (seconds >= this.mostS) this.recorder.stop();
  }

  hand(clip) {
    this.stop();
    this.output.textContent = say("recorder_working");
    const reader = new FileReader();
    reader.onload = () => {
      this.output.textContent = "";
      this.give(reader.result.split(",")[1]);
    };
    reader.readAsDataURL(clip);
  }

  complain(sentence) {
    this.notice.hidden = !sentence;
    this.notice.textContent = sentence;
  }

  stop() {
    clearInterval(this.timer);
    if (this.recorder) this.recorder.onstop = null;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.recorder = undefined;
    this.video.hidden = true;
    this.button.textContent = say("recorder_start");
  }
}

/** Mount the recorder once; further renders of the component leave it alone. */
export function mount(parent, data, setTriggerValue) {
  const root = parent.querySelector(".cla-live");
  root.recorder ??= new Recorder(root, data);
  root.recorder.give = (clip) => setTriggerValue("made", clip);
  return () => setTimeout(() => root.isConnected || root.recorder.stop());
}

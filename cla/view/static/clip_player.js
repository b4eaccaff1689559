// A clip that was analyzed: its sound, and the lanes' predictions and attention in step with it.

import { readTheme } from "./colors.js";
import { LaneView } from "./lane_view.js";
import { decode } from "./socket.js";
import { wavOf } from "./wav.js";
import { say, setTexts } from "./texts.js";

const SAMPLE_RATE = 16000;
const OVERVIEW_HEIGHT = 72;

class ClipPlayer {
  constructor(root, header, arrays) {
    Object.assign(this, { root, header, arrays });
    this.tokens = arrays["0/probabilities"].shape[0];
    root.innerHTML = this.markup();
    this.audio = root.querySelector("audio");
    this.audio.src = URL.createObjectURL(wavOf(arrays.sound.data, SAMPLE_RATE));
    this.overview = root.querySelector(".overview");
    this.overview.style.height = `${OVERVIEW_HEIGHT}px`;
    this.lanes = header.lanes.map((lane, index) => ({
      ...lane,
      events: new Map(lane.events.map(([label, at]) => [at, label])),
      probabilities: arrays[`${index}/probabilities`],
      attention: arrays[`${index}/attention`],
      label: root.querySelectorAll(".label")[index],
      view: new LaneView(root.querySelectorAll(".lane canvas")[index], header.labels, header.window, header.hop_s),
    }));
    this.listen();
    // Begin where there is something to see: just behind an event in the middle.
    const events = header.lanes[0].events;
    const [, middle] = events[Math.floor(events.length / 2)] ?? [null, this.tokens / 2];
    this.seek((middle + 5) * header.hop_s);
    this.animation = requestAnimationFrame(() => this.frame());
  }

  markup() {
    const { lanes } = this.header;
    const sections = lanes.map(({ title }, index) => `
      <section class="lane" aria-label="${title}" data-testid="clip-lane-${index}">
        <header><div><h3>${title}</h3></div><output class="label" aria-live="off">–</output></header>
        <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
      </section>`);
    return `
      <audio controls preload="auto" aria-label="${say("clip_sound")}" data-testid="clip-audio"></audio>
      <canvas class="overview" role="img" aria-label="${say("overview_alt")}" data-testid="clip-overview"></canvas>
      <div class="bar" role="group" aria-label="${say("cursor")}">
        <button type="button" data-step="-1" data-testid="clip-back">${say("back")}</button>
        <button type="button" data-step="1" data-testid="clip-forward">${say("forward")}</button>
        <span data-testid="clip-time"></span>
      </div>
      <div class="lanes">${sections.join("")}</div>`;
  }

  listen() {
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        this.audio.pause();
        this.seek((this.at + 1.5 + Number(button.dataset.step)) * this.header.hop_s);
      });
    }
    const scrub = (event) => {
      if (!event.buttons) return;
      const box = this.overview.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * this.tokens * this.header.hop_s);
    };
    this.overview.addEventListener("pointerdown", scrub);
    this.overview.addEventListener("pointermove", scrub);
  }

  seek(seconds) {
    const length = this.tokens * this.header.hop_s;
    this.audio.currentTime = Math.max(0, Math.min(length, seconds));
  }

  /** The newest token whose sound has been played. */
  get newest() {
    return Math.min(this.tokens - 1, Math.floor(this.audio.currentTime / this.header.hop_s) - 1);
  }

  frame() {
    this.animation = requestAnimationFrame(() => this.frame());
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    const at = this.newest;
    if (at !== this.at) this.moveTo(at);
    const progress = this.audio.paused ? 0 : (this.audio.currentTime / this.header.hop_s) % 1;
    for (const lane of this.lanes) lane.view.draw(this.theme, at === this.tokens - 1 ? 0 : progress);
    this.drawOverview();
  }

  /** Show the window that ends in token `at`; a jump fills it anew. */
  moveTo(at) {
    const window = this.header.window;
    const next = at === this.at + 1;
    this.at = at;
    this.root.dataset.token = at;
    this.root.querySelector('[data-testid="clip-time"]').textContent =
      `${decimal((at + 1) * this.header.hop_s, 2)} s`;
    for (const lane of this.lanes) {
      if (!next) lane.view.reset();
      for (let index = next ? at : Math.max(0, at - window - 1); index <= at; index++) this.push(lane, index);
      const label = at < 0 ? 0 : argmax(row(lane.probabilities, at));
      lane.label.textContent = label ? this.header.labels[label] : "–";
      lane.label.classList.toggle("active", label > 0);
    }
  }

  push(lane, index) {
    const label = lane.events.get(index);
    const record = { event: label ? { label } : null, valid_tokens: Math.min(index + 1, this.header.window) };
    lane.view.push(index, record, { data: row(lane.probabilities, index) },
      { data: row(lane.attention, index), shape: [1, 1, this.header.window] });
  }

  drawOverview() {
    const width = this.overview.clientWidth;
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    if (this.overview.width !== Math.round(width * scale)) this.overview.width = Math.round(width * scale);
    if (this.overview.height !== OVERVIEW_HEIGHT * scale) this.overview.height = OVERVIEW_HEIGHT * scale;
    const context = this.overview.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, OVERVIEW_HEIGHT);
    const x = (seconds) => (seconds / (this.tokens * this.header.hop_s)) * width;
    context.font = "11px sans-serif";
    context.textAlign = "center";
    for (const [label, start, end] of this.header.words) {
      context.fillStyle = this.theme.pale(0.08);
      context.fillRect(x(start), 0, x(end) - x(start), OVERVIEW_HEIGHT);
      context.fillStyle = this.theme.faint;
      context.fillText(label, x((start + end) / 2), 11);
    }
    context.fillStyle = this.theme.faint;
    this.peaks(Math.max(1, Math.floor(width))).forEach((peak, column) => {
      const height = Math.max(1, peak * (OVERVIEW_HEIGHT - 18));
      context.fillRect(column, 16 + (OVERVIEW_HEIGHT - 16 - height) / 2, 0.7, height);
    });
    context.fillStyle = this.theme.accent;
    context.fillRect(x(this.audio.currentTime) - 1, 0, 2, OVERVIEW_HEIGHT);
  }

  /** Largest sample of each column of pixels, the loudest of all 1; worked out once for a width. */
  peaks(columns) {
    if (this.columnPeaks?.length === columns) return this.columnPeaks;
    const samples = this.arrays.sound.data;
    const size = samples.length / columns;
    const peaks = Array.from({ length: columns }, (_, column) => {
      let largest = 0;
      const end = (column + 1) * size;
      for (let i = Math.floor(column * size); i < end; i++) largest = Math.max(largest, Math.abs(samples[i] || 0));
      return largest;
    });
    const loudest = Math.max(...peaks, 1e-6);
    this.columnPeaks = peaks.map((peak) => peak / loudest);
    return this.columnPeaks;
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.audio.pause();
    URL.revokeObjectURL(this.audio.src);
  }
}

const row = ({ data, shape }, index) => data.subarray(index * shape[1], (index + 1) * shape[1]);
const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** Show the clip in `data` (bytes); a further render with the same clip leaves the player alone. */
export function mount(parent, data) {
  const root = parent.querySelector(".cla-live");
  // The arrays of a message are read in place, which needs them aligned.
  const bytes = data instanceof ArrayBuffer ? data : data.slice().buffer;
  const { header, arrays } = decode(bytes);
  if (root.player?.header.id !== header.id) {
    setTexts(header.texts);
    root.player?.stop();
    root.player = new ClipPlayer(root, header, arrays);
  }
  // Streamlit calls this before each new render too; only a player that has left the page ends.
  return () => setTimeout(() => { if (!root.isConnected) root.player.stop(); });
}

// A clip that was analyzed: its sound or pictures, and the lanes' predictions and attention in step.

import { ClipOverview } from "./clip_overview.js";
import { readTheme } from "./colors.js";
import { decimal, setLocale, words } from "./format.js";
import { InputTrack } from "./input_track.js";
import { LaneView } from "./lane_view.js";
import { Preview } from "./preview.js";
import { SilentClock } from "./silent_clock.js";
import { decode } from "./socket.js";
import { say, setTexts } from "./texts.js";
import { Tip } from "./tip.js";
import { wavOf } from "./wav.js";

const SAMPLE_RATE = 16000;
const PEAK_SAMPLES = 160; // 10 ms, as on the live page

class ClipPlayer {
  constructor(root, header, arrays) {
    Object.assign(this, { root, header, arrays });
    this.tokens = arrays["0/probabilities"].shape[0];
    root.innerHTML = this.markup();
    this.byId = (id) => root.querySelector(`[data-testid="${id}"]`);
    this.tip = new Tip(root);
    this.pictures = header.pictures.map(({ time_s: timeS, jpeg, hands }) => {
      const image = new Image();
      image.src = `data:image/jpeg;base64,${jpeg}`;
      return { timeS, image, hands };
    });
    if (this.pictures.length) {
      this.preview = new Preview(this.byId("clip-picture"), () => {});
      this.clock = new SilentClock(this.tokens * header.hop_s);
    } else {
      this.clock = this.byId("clip-audio");
      this.clock.src = URL.createObjectURL(wavOf(arrays.sound.data, SAMPLE_RATE));
    }
    this.overview = new ClipOverview(this.byId("clip-overview"), {
      words: header.words, durationS: this.tokens * header.hop_s, samples: arrays.sound.data, pictures: this.pictures,
    });
    this.track = new InputTrack(header.window, this.pictures.length ? "video" : "sound");
    this.lanes = header.lanes.map((lane, index) => this.lane(lane, index));
    this.listen();
    // Begin where there is something to see: just behind an event in the middle.
    const events = header.lanes[0].events;
    const [, middle] = events[Math.floor(events.length / 2)] ?? [null, this.tokens / 2];
    this.seek((middle + 5) * header.hop_s);
    this.animation = requestAnimationFrame(() => this.frame());
  }

  lane(lane, index) {
    const canvas = this.root.querySelectorAll(".lane canvas")[index];
    const view = new LaneView(canvas, this.header.labels.map(words), this.header.window, this.header.hop_s, this.track);
    this.tip.follow(canvas, (x, y) => view.at(x, y));
    return {
      events: new Map(lane.events.map(([label, at]) => [at, label])),
      probabilities: this.arrays[`${index}/probabilities`],
      attention: this.arrays[`${index}/attention`],
      stretches: this.arrays[`${index}/stretches`],
      label: this.root.querySelectorAll(".label")[index],
      view,
    };
  }

  markup() {
    const { lanes, pictures } = this.header;
    const sections = lanes.map(({ title }, index) => `
      <section class="lane" aria-label="${title}" data-testid="clip-lane-${index}">
        <header><div><h3>${title}</h3></div><output class="label" aria-live="off">–</output></header>
        <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
      </section>`);
    const sound = `<audio controls preload="auto" aria-label="${say("clip_sound")}" data-testid="clip-audio"></audio>`;
    const picture = `<figure class="preview" data-testid="clip-picture">
      <canvas role="img" aria-label="${say("picture_alt")}" width="320" height="240"></canvas>
      <figcaption class="hint"></figcaption></figure>`;
    const play = `<button type="button" data-testid="clip-play">${say("play")}</button>`;
    return `
      ${pictures.length ? picture : sound}
      <canvas class="overview" role="img" aria-label="${say("overview_alt")}" data-testid="clip-overview"></canvas>
      <div class="bar" role="group" aria-label="${say("cursor")}">
        ${pictures.length ? play : ""}
        <button type="button" data-step="-1" data-testid="clip-back">${say("back")}</button>
        <button type="button" data-step="1" data-testid="clip-forward">${say("forward")}</button>
        <span data-testid="clip-time"></span>
      </div>
      <div class="lanes">${sections.join("")}</div>`;
  }

  listen() {
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        this.clock.pause();
        this.seek((this.at + 1.5 + Number(button.dataset.step)) * this.header.hop_s);
      });
    }
    this.byId("clip-play")?.addEventListener("click", () => {
      if (this.clock.paused) this.clock.play();
      else this.clock.pause();
    });
    const { canvas } = this.overview;
    const scrub = (event) => {
      if (!event.buttons) return;
      const box = canvas.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * this.tokens * this.header.hop_s);
    };
    canvas.addEventListener("pointerdown", scrub);
    canvas.addEventListener("pointermove", scrub);
  }

  seek(seconds) {
    const length = this.tokens * this.header.hop_s;
    this.clock.currentTime = Math.max(0, Math.min(length, seconds));
  }

  /** The newest token whose sound has been played, or whose picture has been shown. */
  get newest() {
    return Math.min(this.tokens - 1, Math.floor(this.clock.currentTime / this.header.hop_s) - 1);
  }

  frame() {
    this.animation = requestAnimationFrame(() => this.frame());
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    const { currentTime, paused } = this.clock;
    const at = this.newest;
    if (at !== this.at) this.moveTo(at);
    const progress = paused ? 0 : (currentTime / this.header.hop_s) % 1;
    for (const lane of this.lanes) lane.view.draw(this.theme, at === this.tokens - 1 ? 0 : progress);
    this.overview.draw(this.theme, currentTime);
    if (this.preview) this.drawPicture(currentTime, paused);
  }

  /** The newest picture at a time, or the first. */
  pictureAt(seconds) {
    return this.pictures.findLast(({ timeS }) => timeS <= seconds + 1e-6) ?? this.pictures[0];
  }

  drawPicture(currentTime, paused) {
    const shown = this.pictureAt(currentTime);
    Object.assign(this.preview, { picture: shown.image, hands: shown.hands });
    this.preview.draw(this.theme, { mirrored: false, bones: this.header.bones });
    const label = say(paused ? "play" : "pause");
    if (this.byId("clip-play").textContent !== label) this.byId("clip-play").textContent = label;
  }

  /** Show the window that ends in token `at`; a jump fills it anew. */
  moveTo(at) {
    const window = this.header.window;
    const next = at === this.at + 1;
    this.at = at;
    this.root.dataset.token = at;
    this.byId("clip-time").textContent = `${decimal((at + 1) * this.header.hop_s, 2)} s`;
    if (!next) for (const part of [this.track, ...this.lanes.map(({ view }) => view)]) part.reset();
    for (let index = next ? at : Math.max(0, at - window - 1); index <= at; index++) {
      this.feed(index);
      for (const lane of this.lanes) this.push(lane, index);
    }
    for (const lane of this.lanes) {
      const label = at < 0 ? 0 : argmax(row(lane.probabilities, at));
      lane.label.textContent = label ? words(this.header.labels[label]) : "–";
      lane.label.classList.toggle("active", label > 0);
    }
  }

  /** The sound or the picture of a token, for the track below the lanes. */
  feed(index) {
    const end = (index + 1) * this.header.hop_s;
    if (this.pictures.length) {
      const { image } = this.pictureAt(end);
      if (image.complete && image.width) this.track.picture(image);
    } else {
      const samples = this.arrays.sound.data.subarray(Math.round((end - this.header.hop_s) * SAMPLE_RATE), Math.round(end * SAMPLE_RATE));
      this.track.sound(end, peaksOf(samples));
    }
    this.track.token(index, end);
  }

  push(lane, index) {
    const label = lane.events.get(index);
    const record = { event: label ? { label } : null, valid_tokens: Math.min(index + 1, this.header.window) };
    lane.view.push(index, record, { data: row(lane.probabilities, index) },
      { data: row(lane.attention, index), shape: [1, 1, this.header.window] },
      lane.stretches && stretchesAt(lane.stretches, index));
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.clock.pause();
    if (this.clock.src) URL.revokeObjectURL(this.clock.src);
  }
}

const row = ({ data, shape }, index) => data.subarray(index * shape[1], (index + 1) * shape[1]);
const peaksOf = (samples) => {
  const peaks = new Array(Math.ceil(samples.length / PEAK_SAMPLES)).fill(0);
  samples.forEach((sample, at) => {
    const part = Math.floor(at / PEAK_SAMPLES);
    peaks[part] = Math.max(peaks[part], Math.abs(sample));
  });
  return peaks;
};
const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** A token's landmarks; while the stream is young there are fewer, and zeros fill the rest. */
function stretchesAt({ data, shape: [, marks] }, index) {
  const ages = data.subarray(2 * index * marks, 2 * (index + 1) * marks);
  let count = marks;
  while (count && !ages[2 * count - 2]) count--;
  return { data: ages, shape: [count, 2] };
}

/** Show the clip in `data` (bytes); a further render with the same clip leaves the player alone. */
export function mount(parent, data) {
  const root = parent.querySelector(".cla-live");
  // The arrays of a message are read in place, which needs them aligned.
  const bytes = data instanceof ArrayBuffer ? data : data.slice().buffer;
  const { header, arrays } = decode(bytes);
  if (root.player?.header.id !== header.id) {
    setTexts(header.texts);
    setLocale(header.language);
    root.player?.stop();
    root.player = new ClipPlayer(root, header, arrays);
  }
  // Streamlit calls this before each new render too; only a player that has left the page ends.
  return () => setTimeout(() => { if (!root.isConnected) root.player.stop(); });
}

// A clip that was analyzed: its sound or pictures, and the lanes' predictions and attention in step.

/** @import { ClipMessage, Table, Tables, Theme } from "./types.js" */

import { clipMarkup } from "./clip_markup.js";
import { ClipOverview } from "./clip_overview.js";
import { peaksOf, row, stretchesAt } from "./clip_tables.js";
import { readTheme } from "./colors.js";
import { byTestId, part } from "./dom.js";
import { decimal, setLocale, words } from "./format.js";
import { InputTrack } from "./input_track.js";
import { LaneView } from "./lane_view.js";
import { argmax } from "./numbers.js";
import { Preview } from "./preview.js";
import { SilentClock } from "./silent_clock.js";
import { say, setTexts } from "./texts.js";
import { Tip } from "./tip.js";
import { wavOf } from "./wav.js";
import { decode } from "./client.js";

const SAMPLE_RATE = 16000;
const PEAK_SAMPLES = 160; // 10 ms, as on the live page
const MEAN = { head: -1, layer: 0 };

/**
 * @typedef {{view: LaneView, label: HTMLElement, events: Map<number, string>, probabilities: Table, attention: Table, stretches: Table | undefined}} Lane
 */

class ClipPlayer {
  /** The newest token shown. @type {number | undefined} */
  at;
  /** @type {Theme | undefined} */
  theme;
  /** What the theme was read for. */
  background = "";
  /** Where there are pictures. @type {{preview: Preview, play: HTMLElement} | undefined} */
  seen;

  /** @param {HTMLElement} root @param {ClipMessage} header @param {Tables} arrays */
  constructor(root, header, arrays) {
    this.root = root;
    this.header = header;
    this.arrays = arrays;
    this.tokens = arrays["0/probabilities"].shape[0];
    root.innerHTML = clipMarkup(header);
    this.tip = new Tip(root);
    this.pictures = header.pictures.map(({ time_s: timeS, jpeg, hands }) => {
      const image = new Image();
      image.src = `data:image/jpeg;base64,${jpeg}`;
      return { timeS, image, hands };
    });
    /** @type {SilentClock | HTMLAudioElement} */
    this.clock = this.pictures.length ? this.watch() : this.listenTo(arrays.sound.data);
    this.time = byTestId(root, "clip-time");
    this.overview = new ClipOverview(byTestId(root, "clip-overview"), {
      words: header.words, durationS: this.tokens * header.hop_s, samples: arrays.sound.data, pictures: this.pictures,
    });
    this.track = new InputTrack(header.window, this.pictures.length ? "video" : "sound");
    this.lanes = header.lanes.map((lane, index) => this.lane(lane, index));
    this.listen();
    // Begin where there is something to see: just behind an event in the middle.
    const { events } = header.lanes[0];
    const middle = events.length ? events[Math.floor(events.length / 2)][1] : this.tokens / 2;
    this.seek((middle + 5) * header.hop_s);
    this.animation = requestAnimationFrame(() => this.frame());
  }

  /** The time of a clip of pictures, which are shown beside it. */
  watch() {
    this.seen = { preview: new Preview(byTestId(this.root, "clip-picture"), () => {}), play: byTestId(this.root, "clip-play") };
    return new SilentClock(this.tokens * this.header.hop_s);
  }

  /** The time of a clip of sound. @param {Float32Array} samples */
  listenTo(samples) {
    /** @type {HTMLAudioElement} */
    const audio = byTestId(this.root, "clip-audio");
    audio.src = URL.createObjectURL(wavOf(samples, SAMPLE_RATE));
    return audio;
  }

  /** @param {ClipMessage["lanes"][number]} lane @param {number} index @returns {Lane} */
  lane(lane, index) {
    const section = byTestId(this.root, `clip-lane-${index}`);
    /** @type {HTMLCanvasElement} */
    const canvas = part(section, "canvas");
    const view = new LaneView(canvas, this.header.labels, this.header.window, this.header.hop_s, this.track);
    this.tip.follow(canvas, (x, y) => view.at(x, y));
    return {
      events: new Map(lane.events.map(([label, at]) => [at, label])),
      probabilities: this.arrays[`${index}/probabilities`],
      attention: this.arrays[`${index}/attention`],
      stretches: this.arrays[`${index}/stretches`],
      label: part(section, ".label"),
      view,
    };
  }

  listen() {
    for (const [id, step] of /** @type {const} */ ([["clip-back", -1], ["clip-forward", 1]])) {
      byTestId(this.root, id).addEventListener("click", () => {
        this.clock.pause();
        this.seek((this.newest + 1.5 + step) * this.header.hop_s);
      });
    }
    this.seen?.play.addEventListener("click", () => {
      if (this.clock.paused) this.clock.play();
      else this.clock.pause();
    });
    const { canvas } = this.overview;
    /** @param {PointerEvent} event */
    const scrub = (event) => {
      if (!event.buttons) return;
      const box = canvas.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * this.tokens * this.header.hop_s);
    };
    canvas.addEventListener("pointerdown", scrub);
    canvas.addEventListener("pointermove", scrub);
  }

  /** @param {number} seconds */
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
    if (!this.theme || this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    const { theme } = this;
    const { currentTime, paused } = this.clock;
    const at = this.newest;
    if (at !== this.at) this.moveTo(at);
    const progress = paused ? 0 : (currentTime / this.header.hop_s) % 1;
    for (const lane of this.lanes) lane.view.draw(theme, at === this.tokens - 1 ? 0 : progress, MEAN);
    this.overview.draw(theme, currentTime);
    if (!this.seen) return;
    const { preview, play } = this.seen;
    const { image, hands } = this.pictureAt(currentTime);
    Object.assign(preview, { picture: image, hands });
    preview.draw(theme, { mirrored: false, bones: this.header.bones });
    const label = say(paused ? "play" : "pause");
    if (play.textContent !== label) play.textContent = label;
  }

  /** The newest picture at a time, or the first. @param {number} seconds */
  pictureAt(seconds) {
    return this.pictures.findLast(({ timeS }) => timeS <= seconds + 1e-6) ?? this.pictures[0];
  }

  /** Show the window that ends in token `at`; a jump fills it anew. @param {number} at */
  moveTo(at) {
    const window = this.header.window;
    const next = this.at !== undefined && at === this.at + 1;
    this.at = at;
    this.root.dataset.token = String(at);
    this.time.textContent = `${decimal((at + 1) * this.header.hop_s, 2)} s`;
    if (!next) for (const each of [this.track, ...this.lanes.map(({ view }) => view)]) each.reset();
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

  /** The sound or the picture of a token, for the track below the lanes. @param {number} index */
  feed(index) {
    const end = (index + 1) * this.header.hop_s;
    if (this.pictures.length) {
      const { image } = this.pictureAt(end);
      if (image.complete && image.width) this.track.picture(image);
    } else {
      const samples = this.arrays.sound.data.subarray(Math.round((end - this.header.hop_s) * SAMPLE_RATE), Math.round(end * SAMPLE_RATE));
      this.track.sound(end, peaksOf(samples, PEAK_SAMPLES));
    }
    this.track.token(index, end);
  }

  /** @param {Lane} lane @param {number} index */
  push(lane, index) {
    lane.view.push({
      index,
      probabilities: row(lane.probabilities, index),
      event: lane.events.get(index) ?? null,
      validTokens: Math.min(index + 1, this.header.window),
      attention: { data: row(lane.attention, index), shape: [1, 1, this.header.window] },
      stretches: lane.stretches && stretchesAt(lane.stretches, index),
    });
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.clock.pause();
    if ("src" in this.clock) URL.revokeObjectURL(this.clock.src);
  }
}

/**
 * Show the clip in `data` (bytes); a further render with the same clip leaves the player alone.
 * @param {HTMLElement} parent
 * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} data
 */
export function mount(parent, data) {
  /** @type {HTMLElement & {player?: ClipPlayer}} */
  const root = part(parent, ".cla-live");
  // The arrays of a message are read in place, which needs them aligned.
  const bytes = data instanceof ArrayBuffer ? data : data.slice().buffer;
  const message = decode(bytes);
  const header = /** @type {ClipMessage} */ (message.header);
  if (root.player?.header.id !== header.id) {
    setTexts(header.texts);
    setLocale(header.language);
    root.player?.stop();
    root.player = new ClipPlayer(root, header, message.arrays);
  }
  // Streamlit calls this before each new render too; only a player that has left the page ends.
  return () => setTimeout(() => root.isConnected || root.player?.stop());
}

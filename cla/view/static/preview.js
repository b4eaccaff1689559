// What the camera sees, with the skeleton of the hands that were found in it.

/** @import { FrameMessage, Hand, Pair, Picture, Tables, Theme } from "./types.js" */

import { contextOf, pixelRatio, resize } from "./canvas.js";
import { part } from "./dom.js";
import { decimal } from "./format.js";
import { say } from "./texts.js";

const POINT_RADIUS = 2.5;
const NO_HAND_MS = 10000;

export class Preview {
  /** @type {Hand[]} */
  hands;
  /** @type {Picture | null} */
  picture;
  /** When the newest pictures came. @type {number[]} */
  frames;
  /** When a hand was seen last. */
  handMs = 0;
  /** Counts the sources: a picture of an earlier one comes too late. */
  turn = 0;

  /**
   * @param {HTMLElement} element
   * @param {(picture: Picture) => void} onPicture told of every picture that can be drawn
   */
  constructor(element, onPicture) {
    this.element = element;
    this.onPicture = onPicture;
    /** @type {HTMLCanvasElement} */
    this.canvas = part(element, "canvas");
    this.context = contextOf(this.canvas);
    this.hint = part(element, ".no-hand");
    this.reset();
  }

  reset() {
    this.hands = [];
    this.picture = null;
    this.frames = [];
    this.handMs = performance.now();
    this.turn += 1;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * Take a record of a picture: its hands, and the picture, the page's own or one that came along.
   * @param {FrameMessage} header
   * @param {Tables} arrays
   * @param {Picture | null | undefined} own
   */
  push(header, arrays, own) {
    const now = performance.now();
    this.hands = header.hands.map((hand, i) => ({ ...hand, points: arrays[`hand/${i}`].data }));
    if (this.hands.length) this.handMs = now;
    this.frames = [...this.frames.filter((ms) => now - ms < 2000), now];
    if (own) this.take(own);
    if (!header.picture) return;
    const { turn } = this;
    const picture = new Image();
    picture.onload = () => { if (this.turn === turn) this.take(picture); };
    picture.src = `data:image/jpeg;base64,${header.picture}`;
  }

  /** @param {Picture} picture */
  take(picture) {
    this.picture = picture;
    this.onPicture(picture);
  }

  /** Pictures a second that were worked on. */
  get rate() {
    return this.frames.length / 2;
  }

  /**
   * Draw the picture and the hands in it; a camera is shown as in a mirror.
   * @param {Theme} theme
   * @param {{mirrored: boolean, bones: Pair[]}} choice
   */
  draw(theme, { mirrored, bones }) {
    if (!this.picture?.width) return;
    const { width, height } = this.picture;
    const { canvas, context } = this;
    const shown = Math.round(canvas.clientWidth * pixelRatio());
    const scaled = Math.round((shown * height) / width);
    resize(canvas, shown, scaled);
    context.save();
    if (mirrored) context.setTransform(-1, 0, 0, 1, shown, 0);
    context.drawImage(this.picture, 0, 0, shown, scaled);
    context.restore();
    for (const hand of this.hands) this.drawHand(theme, hand, mirrored, bones);
  }

  /** @param {Theme} theme @param {Hand} hand @param {boolean} mirrored @param {Pair[]} bones */
  drawHand(theme, { points, handedness }, mirrored, bones) {
    const { canvas, context } = this;
    /** @param {number} i @returns {Pair} */
    const at = (i) => [
      (mirrored ? 1 - points[2 * i] : points[2 * i]) * canvas.width,
      points[2 * i + 1] * canvas.height,
    ];
    const unit = canvas.width / 320;
    // A dark line below the bright one: it shows on every ground.
    for (const { color, width } of [{ color: "rgba(0, 0, 0, 0.6)", width: 4 }, { color: theme.skeleton, width: 2 }]) {
      context.strokeStyle = color;
      context.lineWidth = width * unit;
      context.beginPath();
      for (const [from, to] of bones) {
        context.moveTo(...at(from));
        context.lineTo(...at(to));
      }
      context.stroke();
    }
    context.fillStyle = "#ffffff";
    for (let i = 0; i < points.length / 2; i++) {
      context.beginPath();
      context.arc(...at(i), POINT_RADIUS * unit, 0, 2 * Math.PI);
      context.fill();
    }
    const [x, y] = at(0);
    context.font = `600 ${12 * unit}px sans-serif`;
    context.textAlign = "center";
    context.lineWidth = 3 * unit;
    context.strokeStyle = "rgba(0, 0, 0, 0.6)";
    const inside = Math.min(Math.max(y + 16 * unit, 12 * unit), canvas.height - 4 * unit);
    context.strokeText(handedness, x, inside);
    context.fillText(handedness, x, inside);
  }

  /**
   * Refresh the words below; called a few times a second.
   * @param {{name: string, live: boolean, dropped: number, paused: boolean}} facts
   */
  refresh({ name, live, dropped, paused }) {
    const parts = [name];
    if (this.frames.length && !paused) parts.push(say("rate", { rate: decimal(this.rate, 0) }));
    if (live) parts.push(say("left_out", { dropped }));
    part(this.element, "[data-testid=source]").textContent = parts.filter(Boolean).join(" · ");
    const missing = live && !paused && performance.now() - this.handMs > NO_HAND_MS;
    this.hint.textContent = missing ? say("no_hand") : "";
  }
}

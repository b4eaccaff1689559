// What happens by itself: charts at display rate, words a few times a second, whole maps once a second.

/** @import { Settings, Tables, Task, Theme } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { showAvailable } from "./availability.js";
import { readTheme } from "./colors.js";

const FRAME_MS = 28;
const NUMBERS_MS = 200;
const MAP_MS = 1000;

export class Animation {
  /** @type {Theme | undefined} */
  theme;
  /** What the theme was read for. */
  background = "";
  /** Whether the visitor wants little to move: charts then go on by whole tokens. */
  calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  frames = 0;
  lastFrame = 0;
  lastNumbers = 0;
  lastMap = 0;

  /** @param {LivePage} page */
  constructor(page) {
    this.page = page;
    this.request = requestAnimationFrame((time) => this.frame(time));
  }

  stop() {
    cancelAnimationFrame(this.request);
  }

  /** Another map is wanted: ask at once. */
  askForMaps() {
    this.lastMap = 0;
  }

  /** @param {string} lane @param {Tables} arrays */
  takeMap(lane, arrays) {
    const { board, head } = this.page;
    if (this.theme && !board.frozen) board.panels.get(lane)?.map.draw(arrays, this.theme, head);
  }

  /** @param {number} time */
  frame(time) {
    this.request = requestAnimationFrame((next) => this.frame(next));
    const { page } = this;
    const { task, settings, board } = page;
    if (time - this.lastFrame < FRAME_MS || !task || !settings) return;
    this.lastFrame = time;
    if (time - this.lastNumbers > NUMBERS_MS) {
      this.lastNumbers = time;
      this.refresh(task, settings);
    }
    if (page.byId("maps").checked && !board.frozen && page.token && time - this.lastMap > MAP_MS) {
      this.lastMap = time;
      this.requestMaps(task);
    }
    // Charts that are frozen are drawn too: their head and their layer can be chosen.
    if (this.theme) this.draw(this.theme, task, settings.paused || page.ended || board.frozen);
    if (!page.token) return;
    this.frames += 1;
    page.root.dataset.frames = String(this.frames);
  }

  /** @param {Task} task */
  requestMaps(task) {
    const { board, layer, socket } = this.page;
    for (const lane of board.lanes) {
      socket.send({ type: "map", lane: lane.name, layer: Math.min(layer, (lane.num_layers ?? task.num_layers) - 1) });
    }
  }

  /** @param {Theme} theme @param {Task} task @param {boolean} still */
  draw(theme, task, still) {
    const { page } = this;
    const waiting = page.token ? (performance.now() - page.arrived) / 1000 / task.hop_s : 0;
    const progress = still || this.calm?.matches ? 0 : Math.min(waiting, 1);
    const mirrored = page.isCamera;
    page.board.draw(theme, progress, { head: page.head, layer: page.layer, mirrored });
    if (task.input === "video" && !page.board.frozen) page.preview.draw(theme, { mirrored, bones: page.hello?.bones ?? [] });
  }

  /** @param {Task} task @param {Settings} settings */
  refresh(task, settings) {
    const { page } = this;
    const background = getComputedStyle(page.root).getPropertyValue("--st-background-color");
    if (!this.theme || this.background !== background) {
      this.background = background;
      this.theme = readTheme(page.root);
    }
    showAvailable(page);
    page.record.draw();
    if (page.explaining.on) page.explaining.point();
    if (page.presenter.on) page.board.enlarge(page.presenter.zoom);
    if (page.board.frozen) return;
    const dropped = page.dropped + page.sources.camera.dropped;
    page.board.refresh(this.theme, {
      // The preview names what it shows.
      source: task.input === "sound" ? page.sources.name : "",
      ended: page.ended,
      dropped,
    });
    page.preview.refresh({
      name: page.sources.name,
      live: page.isCamera && page.sources.running,
      dropped,
      paused: settings.paused,
    });
  }
}

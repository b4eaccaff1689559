// The lanes on show: their panels, what they have in common, and what compares them.

/** @import { Choice, Lane, LaneSettings, Tables, Task, Theme, TokenMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { Agreement } from "./agreement.js";
import { Announcer } from "./announcer.js";
import { DifferenceView } from "./difference_view.js";
import { part } from "./dom.js";
import { words } from "./format.js";
import { InputTrack } from "./input_track.js";
import { laneTitle, oneMore, showLane } from "./lane_controls.js";
import { LanePanel } from "./lane_panel.js";
import { keep } from "./numbers.js";
import { readPair, writePair } from "./page_settings.js";
import { Summary } from "./summary.js";
import { TelemetryView } from "./telemetry_view.js";

export class Board {
  /** By the lanes' names. @type {Map<string, LanePanel>} */
  panels = new Map();
  /** @type {Lane[]} */
  lanes = [];
  /** The lanes in words. @type {string[]} */
  titles = [];
  /** Tokens that wait while the charts are frozen. @type {[TokenMessage, Tables][] | null} */
  held = null;
  selected = 0;
  /** By how much the lanes' charts are enlarged. */
  zoom = 1;
  /** What is shown, to tell whether anything has changed. @type {string | null} */
  state = null;
  shown = "";
  /** @type {Task | undefined} */
  task;
  /** @type {InputTrack | undefined} */
  track;
  /** @type {Agreement | undefined} */
  agreement;

  /** @param {Pick<LivePage, "root" | "byId" | "tip" | "sendLanes" | "selectLane">} page */
  constructor(page) {
    this.page = page;
    this.summary = new Summary(page.byId("summary"), page.byId("time"));
    this.announcer = new Announcer(page.byId("announcer"));
    this.telemetry = new TelemetryView(page.byId("telemetry-table"), page.tip);
    this.difference = new DifferenceView(page.byId("difference-view"), page.tip, readPair(), writePair);
  }

  /**
   * One panel for each lane; made anew when the task or the lanes have changed.
   * @param {Lane[]} lanes
   * @param {Task} task
   * @param {string} device
   */
  show(lanes, task, device) {
    // Most messages change nothing here: an open list stays open, a focused word focused.
    const state = JSON.stringify([task.name, lanes]);
    if (this.state === state) return;
    this.state = state;
    const shown = [task.name, ...lanes.map(({ name }) => name)].join(" ");
    if (this.shown !== shown) {
      this.shown = shown;
      this.build(lanes, task);
    }
    this.lanes = lanes;
    this.titles = lanes.map(laneTitle);
    /** @param {LaneSettings[]} changed */
    const change = (changed) => this.page.sendLanes(changed);
    lanes.forEach((lane, at) => {
      const panel = this.panel(lane.name);
      panel.show(lane);
      showLane(part(panel.element, ".lane-controls"), lanes, at, task, change);
    });
    this.page.byId("add-lane").disabled = !oneMore(lanes, task);
    this.difference.show(lanes, this.titles, [...this.panels.values()].map(({ view }) => view));
    this.telemetry.show(lanes, this.titles, task, device);
  }

  /** @param {Lane[]} lanes @param {Task} task */
  build(lanes, task) {
    const track = new InputTrack(task.window, task.input);
    this.task = task;
    this.track = track;
    this.agreement = new Agreement(task.window);
    this.panels = new Map(lanes.map((lane, at) => {
      const panel = new LanePanel(lane, at, task, { track, tip: this.page.tip });
      panel.element.addEventListener("pointerdown", () => this.page.selectLane(at));
      return [lane.name, panel];
    }));
    const place = part(this.page.root, ".lanes");
    place.replaceChildren(...[...this.panels.values()].map(({ element }) => element));
    place.classList.toggle("four", lanes.length === 4);
    this.select(Math.min(this.selected, lanes.length - 1));
    this.showMaps(this.page.byId("maps").checked);
    this.enlarge(this.zoom);
    this.clear();
  }

  /** @param {number} zoom */
  enlarge(zoom) {
    this.zoom = zoom;
    for (const { view } of this.panels.values()) view.enlarge(zoom);
  }

  /** What the controls say may have been refused: show again what the server runs. */
  doubt() {
    this.state = null;
  }

  /** The panel of a lane that is shown. @param {string} name */
  panel(name) {
    return /** @type {LanePanel} */ (this.panels.get(name));
  }

  /** @param {number} at */
  select(at) {
    const panels = [...this.panels.values()];
    if (at >= panels.length) return;
    this.selected = at;
    panels.forEach((panel, i) => { panel.select(i === at); });
  }

  /** @param {boolean} shown */
  showMaps(shown) {
    for (const { map } of this.panels.values()) map.container.hidden = !shown;
  }

  /** Mark a change of settings in these lanes. @param {string[]} names @param {string} text */
  note(names, text) {
    for (const name of names) this.panels.get(name)?.view.note(text);
  }

  /**
   * Take a token; false where it is of lanes that have gone since.
   * @param {TokenMessage} header
   * @param {Tables} arrays
   */
  push(header, arrays) {
    const { lanes } = header;
    if (lanes.length !== this.panels.size || !lanes.every(({ lane }) => this.panels.has(lane))) return false;
    this.agreement?.push(lanes.map(({ label }) => label));
    this.telemetry.push(header);
    this.summary.push(header);
    lanes.forEach(({ event }, at) => {
      if (event) this.announcer.hear(this.titles[at], words(event.label));
    });
    // Charts hold no more than a window.
    if (this.held) keep(this.held, [header, arrays], (this.task?.window ?? 0) + 2);
    else this.showToken(header, arrays);
    return true;
  }

  /** @param {TokenMessage} header @param {Tables} arrays */
  showToken(header, arrays) {
    this.track?.token(header.token, header.time_s);
    for (const lane of header.lanes) this.panel(lane.lane).push(header.token, lane, arrays);
  }

  /** Hold the charts still while the stream goes on, or let them catch up. @param {boolean} frozen */
  freeze(frozen) {
    /** @type {[TokenMessage, Tables][]} */
    const held = this.held ?? [];
    this.held = frozen ? [] : null;
    if (!frozen) for (const [header, arrays] of held) this.showToken(header, arrays);
  }

  get frozen() {
    return Boolean(this.held);
  }

  clear() {
    for (const panel of this.panels.values()) panel.reset();
    for (const each of [this.track, this.agreement, this.summary, this.announcer, this.telemetry]) each?.reset();
    if (this.held) this.held = [];
  }

  /** @param {Theme} theme @param {number} progress @param {Choice} choice */
  draw(theme, progress, choice) {
    for (const { view, fixed } of this.panels.values()) view.draw(theme, progress, { ...choice, fixed });
    if (this.page.byId("difference").open) this.difference.draw(theme, progress, choice);
  }

  /** Refresh all words. @param {{source: string, ended: boolean, dropped: number}} facts */
  refresh({ source, ended, dropped }) {
    if (!this.agreement) return;
    for (const lane of this.lanes) this.panel(lane.name).refresh(lane);
    if (this.task) this.summary.refresh({ source, ended }, this.lanes, this.titles, this.task, this.agreement);
    if (this.page.byId("difference").open) this.difference.refresh(this.agreement);
    if (this.page.byId("telemetry").open) this.telemetry.refresh(dropped);
    this.announcer.refresh(this.lanes.length);
  }
}

// The lanes on show: their panels, what they have in common, and what compares them.

/** @import { Choice, Lane, LaneSettings, Past, Tables, Task, Theme, TokenMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */
/** @import { HeardToken, LanePanel } from "./lane_panel.js" */

import { Agreement } from "./agreement.js";
import { Announcer } from "./announcer.js";
import { DifferenceView } from "./difference_view.js";
import { part } from "./dom.js";
import { words } from "./format.js";
import { InputTrack } from "./input_track.js";
import { arrange } from "./lane_changes.js";
import { laneTitle, oneMore, showLane, withExact } from "./lane_controls.js";
import { keep } from "./numbers.js";
import { readPair, writePair } from "./page_settings.js";
import { Summary } from "./summary.js";
import { TelemetryView } from "./telemetry_view.js";
import { TotalsView } from "./totals_view.js";

/** @typedef {{index: number, timeS: number, heard: [LanePanel, HeardToken][]}} ShownToken */

export class Board {
  /** By the lanes' names, in their order. @type {Map<string, LanePanel>} */
  panels = new Map();
  /** @type {Lane[]} */
  lanes = [];
  /** The lanes in words. @type {string[]} */
  titles = [];
  /** Tokens that wait while the charts are frozen. @type {ShownToken[] | null} */
  held = null;
  /** The newest token, and the newest that the charts show. */
  newest = -1;
  drawn = -1;
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
    this.summary = new Summary(page.byId("summary"), page.byId("winner"), page.byId("time"));
    this.totals = new TotalsView(page.byId("totals"));
    this.announcer = new Announcer(page.byId("announcer"));
    this.telemetry = new TelemetryView(page.byId("telemetry-table"), page.tip);
    this.difference = new DifferenceView(page.byId("difference-view"), page.tip, readPair(), writePair);
  }

  /**
   * One panel for each lane; those that go on keep theirs with all that is in it.
   * @param {Lane[]} lanes
   * @param {Task} task
   * @param {string} device
   * @param {Record<string, Past>} past of lanes that have just joined
   */
  show(lanes, task, device, past = {}) {
    // Most messages change nothing here: an open list stays open, a focused word focused.
    const state = JSON.stringify([task.name, lanes]);
    if (this.state === state) return;
    this.state = state;
    const shown = [task.name, task.window, ...task.labels].join(" ");
    if (this.shown !== shown) this.begin(task);
    this.shown = shown;
    arrange(this, lanes, task, past);
    this.titles = lanes.map(laneTitle);
    /** @param {LaneSettings[]} changed */
    const change = (changed) => this.page.sendLanes(changed);
    lanes.forEach((lane, at) => {
      const panel = this.panel(lane.name);
      panel.show(lane, at);
      showLane(part(panel.element, ".lane-controls"), lanes, at, task, change);
    });
    this.page.byId("add-lane").disabled = !oneMore(lanes, task);
    this.page.byId("add-exact").hidden = !withExact(lanes);
    this.difference.show(lanes, this.titles, this.inOrder.map(({ view }) => view));
    this.telemetry.show(lanes, this.titles, task, device);
  }

  /** The panels as they stand. */
  get inOrder() {
    return [...this.panels.values()];
  }

  /** Another task: nothing of the one before is kept. @param {Task} task */
  begin(task) {
    this.task = task;
    this.track = new InputTrack(task.window, task.input);
    this.agreement = new Agreement(task.window);
    for (const { element } of this.inOrder) element.remove();
    this.panels = new Map();
    this.lanes = [];
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
    if (at < 0 || at >= this.panels.size) return;
    this.selected = at;
    this.inOrder.forEach((panel, i) => { panel.select(i === at); });
  }

  /** @param {boolean} shown */
  showMaps(shown) {
    for (const { map } of this.panels.values()) map.container.hidden = !shown;
  }

  /**
   * Take a token; false where it is of lanes that have gone since.
   * @param {TokenMessage} header
   * @param {Tables} arrays
   */
  push(header, arrays) {
    const { lanes, token: index, time_s: timeS } = header;
    if (lanes.length !== this.panels.size || !lanes.every(({ lane }) => this.panels.has(lane))) return false;
    const heard = lanes.map((record) => this.panel(record.lane).heard(index, record, arrays));
    this.newest = index;
    this.agreement?.push(heard.map(([{ key }], at) => [key, lanes[at].label]));
    this.telemetry.push(header);
    this.summary.push(header);
    lanes.forEach(({ event }, at) => {
      if (event) this.announcer.hear(this.titles[at], words(event.label));
    });
    // Charts hold no more than a window.
    if (this.held) keep(this.held, { index, timeS, heard }, (this.task?.window ?? 0) + 2);
    else this.showToken({ index, timeS, heard });
    return true;
  }

  /** @param {ShownToken} token */
  showToken({ index, timeS, heard }) {
    this.drawn = index;
    this.track?.token(index, timeS);
    for (const [panel, token] of heard) panel.hear(token);
  }

  /** Hold the charts still while the stream goes on, or let them catch up. @param {boolean} frozen */
  freeze(frozen) {
    /** @type {ShownToken[]} */
    const held = this.held ?? [];
    this.held = frozen ? [] : null;
    if (!frozen) for (const token of held) this.showToken(token);
  }

  get frozen() {
    return Boolean(this.held);
  }

  clear() {
    this.newest = this.drawn = -1;
    for (const panel of this.panels.values()) panel.reset();
    for (const each of [this.track, this.agreement, this.summary, this.announcer, this.telemetry]) each?.reset();
    if (this.held) this.held = [];
  }

  /** How often two lanes, by their places, name the same label. @type {Agreement["of"]} */
  agreed = (a, b) => /** @type {Agreement} */ (this.agreement).of(this.inOrder[a].key, this.inOrder[b].key);

  /** @param {Theme} theme @param {number} progress @param {Choice} choice */
  draw(theme, progress, choice) {
    for (const { view, fixed } of this.panels.values()) view.draw(theme, progress, { ...choice, fixed });
    if (this.page.byId("difference").open) this.difference.draw(theme, progress, choice);
  }

  /** Refresh all words. @param {Theme} theme @param {{source: string, ended: boolean, dropped: number}} facts */
  refresh(theme, { source, ended, dropped }) {
    if (!this.agreement) return;
    const costs = this.lanes.map((lane) => this.panel(lane.name).cost(lane));
    for (const lane of this.lanes) {
      this.panel(lane.name).refresh(lane);
      this.panel(lane.name).compare(lane, costs);
    }
    this.totals.draw(theme, this.lanes, this.inOrder);
    if (this.task) this.summary.refresh({ source, ended }, { lanes: this.lanes, titles: this.titles, costs, task: this.task, agreed: this.agreed });
    if (this.page.byId("difference").open) this.difference.refresh(this.agreed);
    if (this.page.byId("telemetry").open) this.telemetry.refresh(dropped, this.inOrder);
    this.announcer.refresh(this.lanes.length);
  }
}

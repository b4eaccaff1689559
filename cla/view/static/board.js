// The lanes on show: their panels, what they have in common, and what compares them.

/** @import { Choice, Lane, LaneSettings, Past, Tables, Task, Theme, TokenMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */
/** @import { Facts } from "./comparison.js" */
/** @import { HeardToken, LanePanel } from "./lane_panel.js" */

import { Agreement } from "./agreement.js";
import { Comparison } from "./comparison.js";
import { part } from "./dom.js";
import { InputTrack } from "./input_track.js";
import { arrange } from "./lane_changes.js";
import { oneMore, showLane, withExact } from "./lane_controls.js";
import { keep } from "./numbers.js";

/** @typedef {{index: number, timeS: number, heard: [LanePanel, HeardToken][]}} ShownToken */

export class Board {
  /** By the lanes' names, in their order. @type {Map<string, LanePanel>} */
  panels = new Map();
  /** @type {Lane[]} */
  lanes = [];
  /** Tokens that wait while the charts are frozen. @type {ShownToken[] | null} */
  held = null;
  /** The newest token, and the newest that the charts show. */
  newest = -1;
  drawn = -1;
  /** Tokens that charts reach over: the longest window's. */
  window = 0;
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
    this.comparison = new Comparison(page);
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
    this.reach(Math.max(task.window, ...lanes.map(({ window }) => window ?? 0)));
    arrange(this, lanes, task, past);
    /** @param {LaneSettings[]} changed */
    const change = (changed) => this.page.sendLanes(changed);
    lanes.forEach((lane, at) => {
      const panel = this.panel(lane.name);
      panel.show(lane, at);
      showLane(part(panel.element, ".lane-controls"), lanes, at, task, change);
    });
    this.page.byId("add-lane").disabled = !oneMore(lanes, task);
    this.page.byId("add-exact").hidden = !withExact(lanes);
    this.comparison.show(lanes, this.inOrder, task, device);
  }

  /** The panels as they stand. */
  get inOrder() {
    return [...this.panels.values()];
  }

  /** Another task: nothing of the one before is kept. @param {Task} task */
  begin(task) {
    this.task = task;
    this.window = task.window;
    this.track = new InputTrack(task.window, task.input);
    this.agreement = new Agreement(task.window);
    for (const { element } of this.inOrder) element.remove();
    this.panels = new Map();
    this.lanes = [];
    this.clear();
  }

  /** Let all charts reach over so many tokens. @param {number} window */
  reach(window) {
    if (this.window === window) return;
    this.window = window;
    this.track?.resize(window);
    if (this.agreement) this.agreement.window = window;
    for (const { view } of this.panels.values()) view.resize(window);
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
    // A lane that answers some tokens agrees, or not, in those.
    this.agreement?.push(heard.flatMap(([{ key }], at) => {
      const { answered, label, age } = lanes[at];
      return answered === false ? [] : [[key, label, age]];
    }));
    this.comparison.push(header);
    // Charts hold no more than a window.
    if (this.held) keep(this.held, { index, timeS, heard }, this.window + 2);
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
    for (const each of [this.track, this.agreement, this.comparison]) each?.reset();
    if (this.held) this.held = [];
  }

  /** How often two lanes, by their places, name the same label. @type {Agreement["of"]} */
  agreed = (a, b) => /** @type {Agreement} */ (this.agreement).of(this.inOrder[a].key, this.inOrder[b].key);

  /** @param {Theme} theme @param {number} progress @param {Choice} choice */
  draw(theme, progress, choice) {
    for (const { view, fixed } of this.panels.values()) view.draw(theme, progress, { ...choice, fixed });
    this.comparison.draw(theme, progress, choice);
  }

  /** Refresh all words. @param {Theme} theme @param {Facts} facts */
  refresh(theme, facts) {
    this.comparison.refresh(theme, facts, this.agreed);
  }
}

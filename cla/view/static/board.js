// The lanes on show: their panels, what they have in common, and what compares them.

import { Agreement } from "./agreement.js";
import { Announcer } from "./announcer.js";
import { DifferenceView } from "./difference_view.js";
import { words } from "./format.js";
import { InputTrack } from "./input_track.js";
import { laneTitle, oneMore, showLane } from "./lane_controls.js";
import { LanePanel } from "./lane_panel.js";
import { readPair, writePair } from "./page_settings.js";
import { Summary } from "./summary.js";
import { TelemetryView } from "./telemetry_view.js";

export class Board {
  /** `page` has: root, byId(id), tip, settings, sendLanes(lanes). */
  constructor(page) {
    this.page = page;
    this.panels = new Map();
    this.held = null;
    this.selected = 0;
    this.summary = new Summary(page.byId("summary"));
    this.announcer = new Announcer(page.byId("announcer"));
    this.telemetry = new TelemetryView(page.byId("telemetry-table"), page.tip);
    this.difference = new DifferenceView(page.byId("difference-view"), page.tip, readPair(), writePair);
  }

  /** One panel for each lane; made anew when the task or the lanes have changed. */
  show(settings, task, device) {
    const { lanes } = settings;
    // Most messages change nothing here: an open list stays open, a focused word focused.
    const state = JSON.stringify([task.name, lanes]);
    if (this.state === state) return;
    this.state = state;
    const shown = [task.name, ...lanes.map(({ name }) => name)].join(" ");
    const titles = lanes.map(laneTitle);
    if (this.shown !== shown) {
      this.shown = shown;
      this.task = task;
      this.track = new InputTrack(task.window, task.input);
      this.agreement = new Agreement(task.window);
      this.panels = new Map(lanes.map((lane, at) => [lane.name, new LanePanel(lane, at, task, this)]));
      const place = this.page.root.querySelector(".lanes");
      place.replaceChildren(...[...this.panels.values()].map(({ element }) => element));
      place.classList.toggle("four", lanes.length === 4);
      this.select(Math.min(this.selected, lanes.length - 1));
      this.showMaps(this.page.byId("maps").checked);
      this.clear();
    }
    this.lanes = lanes;
    this.titles = titles;
    const change = (changed) => this.page.sendLanes(changed);
    lanes.forEach((lane, at) => {
      const panel = this.panels.get(lane.name);
      panel.show(lane);
      showLane(panel.find(".lane-controls"), lanes, at, task, change);
    });
    this.page.byId("add-lane").disabled = !oneMore(lanes, task);
    this.difference.show(lanes, titles, [...this.panels.values()].map(({ view }) => view));
    this.telemetry.show(lanes, titles, task, device);
  }

  /** What the controls say may have been refused: show again what the server runs. */
  doubt() {
    this.state = null;
  }

  get tip() {
    return this.page.tip;
  }

  select(at) {
    const panels = [...this.panels.values()];
    if (at >= panels.length) return;
    this.selected = at;
    panels.forEach((panel, i) => panel.select(i === at));
  }

  showMaps(shown) {
    for (const panel of this.panels.values()) panel.find(".factors").hidden = !shown;
  }

  /** Mark a change of settings in these lanes. */
  note(names, text) {
    for (const name of names) this.panels.get(name)?.view.note(text);
  }

  /** Take a token; false where it is of lanes that have gone since. */
  push(header, arrays) {
    const { lanes } = header;
    if (lanes.length !== this.panels.size || !lanes.every(({ lane }) => this.panels.has(lane))) return false;
    this.agreement.push(lanes.map(({ label }) => label));
    this.telemetry.push(header);
    this.summary.push(header);
    lanes.forEach((lane, at) => lane.event && this.announcer.hear(this.titles[at], words(lane.event.label)));
    if (!this.held) this.showToken(header, arrays);
    else {
      this.held.push([header, arrays]);
      // Charts hold no more than a window.
      if (this.held.length > this.task.window + 2) this.held.shift();
    }
    return true;
  }

  showToken(header, arrays) {
    this.track.token(header.token, header.time_s);
    for (const lane of header.lanes) this.panels.get(lane.lane).push(header.token, lane, arrays);
  }

  /** Hold the charts still while the stream goes on, or let them catch up. */
  freeze(frozen) {
    const held = this.held ?? [];
    this.held = frozen ? [] : null;
    if (!frozen) for (const [header, arrays] of held) this.showToken(header, arrays);
  }

  get frozen() {
    return Boolean(this.held);
  }

  clear() {
    for (const panel of this.panels.values()) panel.reset();
    for (const part of [this.track, this.agreement, this.summary, this.announcer, this.telemetry]) part?.reset();
    if (this.held) this.held = [];
  }

  draw(theme, progress, choice) {
    for (const { view, fixed } of this.panels.values()) view.draw(theme, progress, { ...choice, fixed });
    if (this.page.byId("difference").open) this.difference.draw(theme, progress, choice);
  }

  /** Refresh all words; `facts` are {source, ended, dropped}. */
  refresh({ source, ended, dropped }) {
    for (const lane of this.lanes) this.panels.get(lane.name).refresh(lane);
    this.summary.refresh(source, ended, this.titles, this.agreement);
    if (this.page.byId("difference").open) this.difference.refresh(this.agreement);
    if (this.page.byId("telemetry").open) this.telemetry.refresh(dropped);
    this.announcer.refresh(this.lanes.length);
  }
}

// What compares the lanes: sentences, costs, lines, the difference of two, telemetry, and what is spoken.

/** @import { Choice, Lane, Task, Theme, TokenMessage } from "./types.js" */
/** @import { Agreement } from "./agreement.js" */
/** @import { LanePanel } from "./lane_panel.js" */
/** @import { LivePage } from "./main.js" */

import { Announcer } from "./announcer.js";
import { ClockChart } from "./clock_chart.js";
import { DifferenceView } from "./difference_view.js";
import { words } from "./format.js";
import { laneTitle } from "./lane_controls.js";
import { readPair, writePair } from "./page_settings.js";
import { pairs, Summary } from "./summary.js";
import { TelemetryView } from "./telemetry_view.js";
import { TotalsView } from "./totals_view.js";

/** @typedef {{source: string, ended: boolean, dropped: number}} Facts the name of what is heard, and how that goes */

export class Comparison {
  /** @type {Lane[]} */
  lanes = [];
  /** @type {LanePanel[]} */
  panels = [];
  /** The lanes in words. @type {string[]} */
  titles = [];
  /** @type {Task | undefined} */
  task;
  /** Whether lanes step by PyTorch until kernels are compiled. */
  compiling = false;

  /** @param {Pick<LivePage, "byId" | "tip">} page */
  constructor(page) {
    this.page = page;
    this.summary = new Summary(page.byId("summary"), page.byId("winner"), page.byId("time"));
    this.clock = new ClockChart(page.byId("clock-chart"));
    this.totals = new TotalsView(page.byId("totals"));
    this.announcer = new Announcer(page.byId("announcer"));
    this.telemetry = new TelemetryView(page.byId("telemetry-table"), page.tip);
    this.difference = new DifferenceView(page.byId("difference-view"), page.tip, readPair(), writePair);
  }

  /** @param {Lane[]} lanes @param {LanePanel[]} panels @param {Task} task @param {string} device */
  show(lanes, panels, task, device) {
    this.lanes = lanes;
    this.panels = panels;
    this.task = task;
    this.titles = lanes.map(laneTitle);
    this.difference.show(lanes, this.titles, panels.map(({ view }) => view));
    this.telemetry.show(lanes, this.titles, task, device);
  }

  reset() {
    for (const each of [this.summary, this.announcer, this.telemetry]) each.reset();
  }

  /** What was measured of another path is no measure of this one. @param {boolean} compiling */
  setCompiling(compiling) {
    if (this.compiling === compiling) return;
    this.compiling = compiling;
    this.clock.reset();
    for (const panel of this.panels) panel.forgetTimes();
  }

  /** @param {TokenMessage} token */
  push(token) {
    this.telemetry.push(token);
    this.summary.push(token);
    token.lanes.forEach(({ event, valid_tokens: valid, compute_ms: ms, answered }, at) => {
      if (answered !== false && this.panels[at].warm) this.clock.push(this.lanes[at], valid, ms);
      if (event) this.announcer.hear(this.titles[at], words(event.label));
    });
  }

  /** @param {Theme} theme @param {number} progress @param {Choice} choice */
  draw(theme, progress, choice) {
    if (this.page.byId("difference").open) this.difference.draw(theme, progress, choice);
  }

  /** Refresh all words and numbers. @param {Theme} theme @param {Facts} facts @param {Agreement["of"]} agreed of two lanes by their places */
  refresh(theme, { source, ended, dropped }, agreed) {
    const { lanes, panels, task } = this;
    if (!task) return;
    const costs = lanes.map((lane, at) => panels[at].cost(lane));
    lanes.forEach((lane, at) => {
      panels[at].refresh(lane);
      panels[at].compare(lane, costs);
    });
    this.totals.draw(theme, lanes, panels);
    if (this.page.byId("clock").open) {
      this.clock.draw(theme, lanes, panels);
      this.page.byId("pairs").innerHTML = pairs(costs);
    }
    this.summary.refresh({ source, ended }, { lanes, costs, task, agreed, compiling: this.compiling });
    if (this.page.byId("difference").open) this.difference.refresh(agreed);
    if (this.page.byId("telemetry").open) this.telemetry.refresh(dropped, panels);
    this.announcer.refresh(lanes.length);
  }
}

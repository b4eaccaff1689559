// The markup of one lane: its name and label, its chart, what it costs, its figures and its controls.

import { laneMarkup } from "./lane_controls.js";
import { costsMarkup } from "./lane_costs.js";
import { say } from "./texts.js";

/** @param {string} title */
export const panelMarkup = (title) => `
      <header><div><h3><span class="number"></span> ${title} <span class="look"></span></h3>
        <p class="does"></p></div>
        <output class="label" aria-live="off" data-part="label">–</output></header>
      <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
      <div class="costs">${costsMarkup()}</div>
      <div class="facts">
      <dl>
        <div><dt>${say("ops")}</dt><dd data-part="ops">–</dd></div>
        <div><dt>${say("total")}</dt><dd data-part="total">–</dd></div>
        <div><dt>${say("time")}</dt><dd data-value="time">–</dd></div>
        <div title="${say("streams_help")}"><dt>${say("streams")}</dt><dd data-value="streams">–</dd></div>
      </dl>
      <p class="transcript" data-part="transcript"></p>
      ${laneMarkup()}
      <div class="factors" hidden data-part="factors"></div>
      </div>`;

// The page's controls as the server has them: what it plays, how, and by what its lanes step.

/** @import { KernelsMessage, Lane, Past, Settings, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { showLandmarks } from "./landmarks.js";
import { writeLanes } from "./lane_controls.js";
import { setTask } from "./opening.js";
import { say } from "./texts.js";
import { showWindow } from "./windows.js";

/**
 * Settings and lanes as the server has them.
 * @param {LivePage} page
 * @param {Settings} settings
 * @param {Lane[]} lanes
 * @param {Record<string, Past>} past of lanes that have just joined
 */
export function show(page, settings, lanes, past) {
  const { hello, settings: before } = page;
  const served = hello?.tasks.find(({ name }) => name === settings.task);
  if (!hello || !served) return;
  page.settings = settings;
  page.lanes = lanes;
  if (settings.task === page.chosen) page.chosen = "";
  // A page that has just chosen a task is ahead of the server until the source has begun.
  const task = page.task && (page.chosen || !settings.source) ? page.task : served;
  setTask(page, task, hello);
  page.board.show(lanes, served, hello.device, past);
  if (settings.source) writeLanes(lanes);
  page.byId("pause").textContent = say(settings.paused ? "resume" : "pause");
  showControls(page, settings, task);
  page.record.show(settings.recorded_s);
  if (settings.device_name) page.sources.name = settings.device_name;
  if (before?.source !== settings.source) page.sources.showRunning();
  if (before?.paused !== settings.paused) page.sources.pause(settings.paused);
  if (before?.paused) page.resumed = true;
}

/** @param {LivePage} page @param {Settings} settings @param {Task} task */
export function showControls(page, { fast, enter }, task) {
  page.followed.put(page.byId("fast"), fast);
  showLandmarks(page, task);
  showWindow(page, task);
  page.sensitivity.show(enter);
}

/** By what lanes step, and how far the kernels are. @param {HTMLElement} element @param {KernelsMessage} status */
export function showPath(element, { ready, missing, share }) {
  const kind = ready ? "kernels" : missing ? "missing" : share === null ? "loading" : "compiling";
  element.hidden = false;
  element.textContent = say(`path_${kind}`, { percent: Math.round(100 * (share ?? 0)) });
  element.dataset.path = ready ? "kernels" : "pytorch";
}

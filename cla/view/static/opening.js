// What a page begins with: what the server says there is, what the address asks for, what a visitor chooses.

/** @import { Hello, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { readAddress } from "./address.js";
import { unknownInAddress } from "./address_check.js";
import { fillTasks, showTask } from "./controls.js";
import { showHeard } from "./landmarks.js";
import { applyChoice } from "./page_settings.js";
import { readEnter } from "./sensitivity.js";

/**
 * First message of a connection: build the page once, and start the first sample by itself.
 * @param {LivePage} page
 * @param {Hello} hello
 */
export function greet(page, hello) {
  const first = !page.hello;
  // Before the page writes there itself.
  const unknown = first ? unknownInAddress(hello.tasks) : "";
  page.hello = hello;
  begin(page, hello, first);
  if (unknown) page.noticeAlso(unknown);
}

/** Show what the address asks for, or what goes on. @param {LivePage} page @param {Hello} hello @param {boolean} first */
function begin(page, hello, first) {
  page.lanes = hello.lanes;
  showHeard(page, hello.heard);
  page.byId("record").hidden = !hello.records;
  if (first) fillTasks(page.byId("tasks"), page.byId("idle-tasks"), hello.tasks, (name) => choose(page, name));
  const { task, clip, named } = first ? asked(page, hello) : {};
  if (task) {
    setTask(page, task, hello);
    if (clip) page.byId("clip").value = clip;
    // Also in the place of what goes on.
    if (named) page.chosen = task.name;
  }
  const fast = page.byId("fast").checked;
  const enter = readEnter();
  // Lanes of a task that is about to go are not shown first.
  if (hello.source || (first && (!task || task.name === hello.task))) page.show(hello, hello.lanes);
  else page.settings = hello;
  if (hello.source && !named) return;
  const lanes = readAddress("lanes");
  if (first && lanes) page.socket.send({ type: "named_lanes", text: lanes });
  if (first && enter !== null) page.sensitivity.choose(enter);
  if (first && fast) {
    page.byId("fast").checked = true;
    page.socket.send({ type: "fast", fast });
  }
  if (page.sources.capture.running) page.sources.resume();
  else page.sources.playSample();
}

/**
 * What the address asks for: a clip, a task by its name, or nothing; then it is the clip of a first visit.
 * @param {LivePage} page
 * @param {Hello} hello
 * @returns {{task?: Task, clip?: string, named?: boolean}}
 */
function asked({ data }, { tasks }) {
  const ready = tasks.filter(({ problem }) => !problem);
  /** @param {string | null} wished */
  const having = (wished) => ready.find(({ clips }) => clips.some(({ name }) => name === wished));
  const wished = readAddress("clip");
  const task = having(wished);
  if (task && wished) return { task, clip: wished };
  const named = ready.find(({ name, address }) => (address ?? name) === readAddress("task"));
  return named ? { task: named, named: true } : { task: having(data.opening) ?? ready[0], clip: data.opening };
}

/** Take the task of this name, and show its first sample. @param {LivePage} page @param {string} name */
export function choose(page, name) {
  const task = page.hello?.tasks.find((one) => one.name === name);
  if (!page.hello || !task) return;
  page.sources.stop();
  page.chosen = name;
  setTask(page, task, page.hello);
  page.sources.playSample();
}

/** @param {LivePage} page @param {Task} task @param {Hello} hello */
export function setTask(page, task, hello) {
  if (page.task === task) return;
  page.task = task;
  showTask(page.root, task, hello, page.data.endings);
  applyChoice(page.byId("layer"));
  page.sources.listDevices();
  page.preview.reset();
  page.sensitivity.setTask(task);
}

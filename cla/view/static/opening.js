// What a page begins with: what the server says there is, what the address asks for, what a visitor chooses.

/** @import { Hello, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { readAddress } from "./address.js";
import { unknownInAddress } from "./address_check.js";
import { fillTasks, showTask } from "./controls.js";
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
  page.byId("record").hidden = !hello.records;
  if (first) fillTasks(page.byId("tasks"), page.byId("idle-tasks"), hello.tasks, (name) => choose(page, name));
  const wished = readAddress("clip");
  const task = hello.tasks.find(({ clips, problem }) => !problem && clips.some(({ name }) => name === wished));
  if (first && task) {
    setTask(page, task, hello);
    page.byId("clip").value = wished ?? "";
  }
  const own = first && !task && hello.tasks.find(({ name, problem, address }) => !problem && (address ?? name) === readAddress("task"));
  const fast = page.byId("fast").checked;
  const enter = readEnter();
  if (hello.source || !page.task) page.show(hello, hello.lanes);
  else page.settings = hello;
  if (own) {
    choose(page, own.name);
    return;
  }
  if (hello.source) return;
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

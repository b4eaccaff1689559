// The window of all lanes: a slider over ever longer ones, and one click to where low rank wins.

/** @import { Lane, Settings, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { integer } from "./format.js";
import { say } from "./texts.js";

const LONGEST = 4_096;
// In which low rank takes clearly less, on the clock too.
const CLEARLY = 1_920;

/** The windows that the slider offers: halves and doubles of the task's own, up to the longest. @param {Task} task */
export function windowsOf({ window }) {
  const offered = [Math.round(window / 4), Math.round(window / 2)];
  for (let each = window; each < LONGEST; each *= 2) offered.push(each);
  return [...offered, LONGEST];
}

/** The longest window of the lanes. @param {Lane[]} lanes @param {Task} task */
export const windowOf = (lanes, task) => Math.max(...lanes.map(({ window }) => window ?? task.window));

/** The window that is offered with one click: where low rank wins, or the way back; none where it is as good here. */
/** @param {Lane[]} lanes @param {Task} task */
export function offeredWindow(lanes, task) {
  const window = windowOf(lanes, task);
  if (window > task.window) return task.window;
  const crossing = Math.min(...lanes.map((lane) => (lane.crossing && lane.num_landmarks ? lane.crossing : Infinity)));
  return crossing > window && crossing <= CLEARLY ? CLEARLY : null;
}

/**
 * Show the window of the lanes, and the one that is worth a try.
 * @param {Pick<LivePage, "byId" | "followed" | "lanes" | "settings">} page
 * @param {Task} task
 */
export function showWindow({ byId, followed, lanes, settings }, task) {
  if (!lanes.length) return;
  if (settings) {
    byId("fill").title = say("fill_help", {
      minutes: integer(settings.history_s / 60),
      megabytes: integer(settings.history_bytes / 2 ** 20),
      window: task.window,
    });
  }
  const offered = windowsOf(task);
  const window = windowOf(lanes, task);
  byId("window").max = String(offered.length - 1);
  const place = offered.findLastIndex((each) => each <= window);
  if (followed.put(byId("window"), Math.max(place, 0))) byId("window-value").textContent = integer(window);
  const other = offeredWindow(lanes, task);
  const button = byId("try-window");
  button.hidden = other === null;
  button.textContent = other === null ? "" : say(other > window ? "try_window" : "back_to_window", { window: integer(other) });
}

/** How far the windows are filled, 1 once they are. @param {Pick<LivePage, "byId">} page @param {number} share */
export function showFilling({ byId }, share) {
  byId("fill").disabled = share < 1;
  byId("fill").textContent = share < 1 ? say("fill_share", { percent: Math.round(100 * share) }) : say("fill");
}

/** Have the windows filled at once; a sample that has ended begins again, for its windows to be filled. */
/** @param {Pick<LivePage, "ended" | "settings" | "socket" | "sources">} page */
export function fillWindows({ ended, settings, socket, sources }) {
  if (ended && settings?.source === "sample") sources.playSample();
  socket.send({ type: "fill" });
}

/** Ask for a window; that of the training is none of its own. @param {Pick<LivePage, "socket" | "task">} page @param {number | null} window */
export function sendWindow({ socket, task }, window) {
  socket.send({ type: "window", window: window === task?.window ? null : window });
}

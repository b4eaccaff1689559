// What each control of the page does when it is moved.

/** @import { Controls } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { integer } from "./format.js";
import { moveLandmarks } from "./landmarks.js";
import { withExact } from "./lane_controls.js";
import { sendFile } from "./upload.js";
import { fillWindows, offeredWindow, sendWindow, windowsOf } from "./windows.js";

/**
 * Listen to the controls of `page`, which mean something once the server has said what there is.
 * @param {LivePage} page
 */
export function wire(page) {
  /**
   * @template {keyof Controls} Id
   * @param {Id} id
   * @param {string} type
   * @param {(control: Controls[Id]) => void} handler
   */
  const on = (id, type, handler) => {
    const control = page.byId(id);
    control.addEventListener(type, () => { if (page.hello) handler(control); });
  };
  /** @param {string} type @param {object} more */
  const send = (type, more = {}) => page.socket.send({ type, ...more });
  on("play", "click", () => page.sources.playSample());
  on("clip", "change", () => page.sources.playSample());
  on("microphone", "click", () => page.sources.toggleDevice());
  on("camera", "click", () => page.sources.toggleDevice());
  on("device", "change", (device) => page.sources.startDevice(device.value));
  on("upload", "change", (upload) => sendFile(page, upload));
  on("sound", "change", () => page.sources.file.hear());
  on("fast", "change", (fast) => {
    send("fast", { fast: fast.checked });
    // What is heard cannot be made to keep step.
    if (fast.checked) page.sources.file.pause(true);
  });
  on("pause", "click", () => send(page.settings?.paused ? "resume" : "pause"));
  on("step", "click", () => send("step"));
  on("reset", "click", () => {
    send("reset");
    page.clear();
  });
  on("landmarks", "input", (landmarks) => {
    const count = page.task?.landmark_counts[Number(landmarks.value)];
    if (count === undefined) return;
    page.byId("landmarks-value").textContent = String(count);
    moveLandmarks(page, { num_landmarks: count });
  });
  on("add-lane", "click", () => page.addLane());
  on("window", "input", (slider) => {
    const window = page.task && windowsOf(page.task)[Number(slider.value)];
    if (!window) return;
    page.byId("window-value").textContent = integer(window);
    sendWindow(page, window);
  });
  on("try-window", "click", () => {
    const window = page.task && offeredWindow(page.lanes, page.task);
    if (!page.task || !window) return;
    sendWindow(page, window);
    // It need not be waited for.
    if (window > page.task.window) fillWindows(page);
  });
  on("fill", "click", () => fillWindows(page));
  on("add-exact", "click", () => page.sendLanes(withExact(page.lanes)));
  on("heard", "click", (button) => send("fit", { heard: !Number(button.dataset.heard) }));
  on("mode", "change", (mode) => moveLandmarks(page, { landmark_mode: mode.value }));
  on("maps", "change", (maps) => {
    page.board.showMaps(maps.checked);
    page.animation.askForMaps();
  });
  on("head", "change", () => page.animation.askForMaps());
  on("layer", "change", () => page.animation.askForMaps());
  on("notice-close", "click", () => page.notice(null));
  on("help", "click", (button) => {
    const help = page.byId("key-help");
    help.hidden = !help.hidden;
    button.setAttribute("aria-expanded", String(!help.hidden));
  });
}

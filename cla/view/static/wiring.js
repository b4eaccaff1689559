// What each control of the page does when it is moved.

import { oneMore } from "./lane_controls.js";

/** Listen to the controls of `page`, which mean something once the server has said what there is. */
export function wire(page) {
  const on = (id, type, handler) => page.byId(id).addEventListener(type, (event) => page.hello && handler(event));
  const send = (type, more = {}) => page.socket.send({ type, ...more });
  on("play", "click", () => page.sources.playSample());
  on("clip", "change", () => page.sources.playSample());
  on("microphone", "click", () => page.sources.toggleDevice());
  on("camera", "click", () => page.sources.toggleDevice());
  on("device", "change", (event) => page.sources.startDevice(event.target.value));
  on("upload", "change", (event) => page.sources.upload(event.target));
  on("sound", "change", () => page.sources.hear());
  on("fast", "change", (event) => {
    send("fast", { fast: event.target.checked });
    // What is heard cannot be made to keep step.
    if (event.target.checked) page.sources.audio.pause();
  });
  on("pause", "click", () => send(page.settings.paused ? "resume" : "pause"));
  on("step", "click", () => send("step"));
  on("reset", "click", () => {
    send("reset");
    page.clear();
  });
  on("landmarks", "input", (event) => {
    const count = page.task.landmark_counts[event.target.value];
    page.byId("landmarks-value").textContent = count;
    send("landmarks", { num_landmarks: count });
  });
  on("add-lane", "click", () => page.sendLanes(oneMore(page.settings.lanes, page.task)));
  on("mode", "change", (event) => send("landmark_mode", { mode: event.target.value }));
  on("maps", "change", (event) => {
    page.board.showMaps(event.target.checked);
    page.lastMap = 0;
  });
  for (const id of ["head", "layer"]) on(id, "change", () => { page.lastMap = 0; });
  on("freeze", "click", () => page.freeze(!page.board.frozen));
  on("help", "click", ({ currentTarget }) => {
    const help = page.byId("key-help");
    help.hidden = !help.hidden;
    currentTarget.setAttribute("aria-expanded", String(!help.hidden));
  });
}

// The live surface: connects the session, the sources, the controls and the lanes.

import { readTheme } from "./colors.js";
import { markup, fill, fillTasks, showTask } from "./controls.js";
import { laneTitle, oneMore, readLanes, showLane, writeLanes } from "./lane_controls.js";
import { LanePanel } from "./lane_panel.js";
import { drawFactors } from "./map_view.js";
import { Preview } from "./preview.js";
import { LiveSocket } from "./socket.js";
import { Sources } from "./sources.js";
import { Summary } from "./summary.js";
import { say, setTexts } from "./texts.js";

const FRAME_MS = 28;
const NUMBERS_MS = 200;
const MAP_MS = 1000;
const KEYS = { " ": "pause", s: "step", x: "reset" };

class LivePage {
  constructor(parent, data) {
    this.data = data;
    this.root = parent.querySelector(".cla-live");
    setTexts(data.texts);
    this.root.innerHTML = markup();
    this.byId = (id) => this.root.querySelector(`[data-testid="${id}"]`);
    this.panels = new Map();
    this.settings = {};
    this.sources = new Sources(this);
    this.preview = new Preview(this.byId("preview"));
    this.summary = new Summary(this.byId("summary"));
    this.frames = this.dropped = 0;
    this.lastFrame = this.lastNumbers = this.lastMap = 0;
    this.onKey = (event) => this.press(event);
    document.addEventListener("keydown", this.onKey);
    this.listen();
    this.connect();
    this.animation = requestAnimationFrame((time) => this.frame(time));
  }

  connect() {
    const url = new URL(`${this.data.base}/live`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("key", this.data.key);
    this.socket = new LiveSocket(url, {
      onMessage: (header, arrays) => this.receive(header, arrays),
      onState: (sentence) => this.notice(sentence),
    });
  }

  listen() {
    const on = (id, type, handler) => this.byId(id).addEventListener(type, handler);
    const send = (type, more = {}) => this.socket.send({ type, ...more });
    on("play", "click", () => this.sources.playSample());
    on("clip", "change", () => this.sources.playSample());
    on("microphone", "click", () => this.sources.toggleDevice());
    on("camera", "click", () => this.sources.toggleDevice());
    on("device", "change", (event) => this.sources.startDevice(event.target.value));
    on("upload", "change", (event) => this.sources.upload(event.target));
    on("sound", "change", (event) => { this.sources.audio.muted = !event.target.checked; });
    on("fast", "change", (event) => {
      send("fast", { fast: event.target.checked });
      // What is heard cannot be made to keep step.
      if (event.target.checked) this.sources.audio.pause();
    });
    on("pause", "click", () => send(this.settings.paused ? "resume" : "pause"));
    on("step", "click", () => send("step"));
    on("reset", "click", () => {
      send("reset");
      this.clear();
    });
    on("landmarks", "input", (event) => {
      const count = this.task.landmark_counts[event.target.value];
      this.byId("landmarks-value").textContent = count;
      send("landmarks", { num_landmarks: count });
    });
    on("add-lane", "click", () => send("lanes", { lanes: oneMore(this.settings.lanes, this.task) }));
    on("mode", "change", (event) => send("landmark_mode", { mode: event.target.value }));
    on("maps", "change", (event) => {
      for (const panel of this.panels.values()) panel.find(".factors").hidden = !event.target.checked;
      this.lastMap = 0;
    });
  }

  /** A key does what its button does, unless it is meant for the control that has the focus. */
  press(event) {
    const control = event.composedPath()[0].closest?.("input, select, textarea, button, a, summary, [role]");
    const button = KEYS[event.key];
    if (control || !button || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.byId(button).click();
  }

  receive(header, arrays) {
    switch (header.type) {
      case "hello": return this.greet(header);
      case "settings": return this.show(header);
      case "token": return this.takeToken(header, arrays);
      case "frame": return this.takeFrame(header, arrays);
      case "map": return this.panels.has(header.lane) &&
        drawFactors(this.panels.get(header.lane).find(".factors"), arrays, this.theme, this.head);
      case "fault": return this.notice(`${header.message} ${header.remedy}`);
      case "ended":
        this.ended = true;
        return undefined;
    }
  }

  /** First message of a connection: build the page once, and start the first sample by itself. */
  greet(hello) {
    const first = !this.hello;
    this.hello = hello;
    if (first) fillTasks(this.byId("tasks"), hello.tasks, (name) => this.choose(name));
    const clip = hello.tasks.flatMap((task) => task.clips.map(({ name }) => [task, name])).find(([, name]) => name === this.data.clip);
    if (first && clip) {
      this.setTask(clip[0]);
      this.byId("clip").value = clip[1];
    }
    if (hello.source || !this.task) this.show(hello);
    if (hello.source) return;
    if (first && this.data.lanes) this.socket.send({ type: "lanes", lanes: readLanes(this.data.lanes) });
    if (this.sources.capture.running) this.sources.resume();
    else this.sources.playSample();
  }

  /** Take the task of this name, and show its first sample. */
  choose(name) {
    this.sources.stop();
    this.setTask(this.hello.tasks.find((task) => task.name === name));
    this.sources.playSample();
  }

  setTask(task) {
    if (this.task === task) return;
    this.task = task;
    showTask(this.root, task);
    this.sources.listDevices();
    this.preview.reset();
    const { local, device } = this.hello;
    const missing = local?.[task.input === "video" ? "no_camera" : "no_microphone"];
    this.byId("foot").textContent =
      say("foot", { hop: Math.round(task.hop_s * 1000), window: task.window, device }) +
      (missing ? ` ${say("local", { missing })}` : "");
  }

  /** Settings as the server has them. */
  show(settings) {
    const before = this.settings;
    this.settings = settings;
    // A page that has just chosen a task is ahead of the server until the source has begun.
    if (settings.source || !this.task) this.setTask(this.hello.tasks.find(({ name }) => name === settings.task));
    this.showLanes(settings.lanes);
    this.showLaneControls(settings.lanes);
    if (settings.source) writeLanes(settings.lanes);
    this.byId("pause").textContent = say(settings.paused ? "resume" : "pause");
    this.byId("step").disabled = !settings.paused;
    this.byId("fast").checked = settings.fast;
    this.byId("landmarks").value = this.task.landmark_counts.indexOf(settings.num_landmarks);
    this.byId("landmarks-value").textContent = settings.num_landmarks;
    this.byId("mode").value = settings.landmark_mode;
    if (settings.device_name) this.sources.name = settings.device_name;
    if (before.source !== settings.source) this.sources.showRunning();
    const changed = before.num_landmarks !== settings.num_landmarks || before.landmark_mode !== settings.landmark_mode;
    if (before.task === settings.task && changed) {
      for (const { name } of settings.lanes.filter((lane) => lane.num_landmarks)) {
        this.panels.get(name).view.note(`${settings.num_landmarks} ${say(settings.landmark_mode)}`);
      }
    }
    if (before.paused !== settings.paused) this.sources.pause(settings.paused);
    if (before.paused) this.resumed = true;
  }

  /** One panel for each lane; made anew when the task or the lanes have changed. */
  showLanes(lanes) {
    const shown = [this.settings.task, ...lanes.map(({ name }) => name)].join(" ");
    if (this.shownLanes === shown) return;
    this.shownLanes = shown;
    const task = this.hello.tasks.find(({ name }) => name === this.settings.task);
    this.panels = new Map(lanes.map((lane) => [lane.name, new LanePanel(lane, task)]));
    this.root.querySelector(".lanes").replaceChildren(...[...this.panels.values()].map(({ element }) => element));
    for (const panel of this.panels.values()) panel.find(".factors").hidden = !this.byId("maps").checked;
    this.clear();
  }

  /** The lanes' own controls; those for all lanes make sense where a single one is low-rank. */
  showLaneControls(lanes) {
    const change = (changed) => this.socket.send({ type: "lanes", lanes: changed });
    lanes.forEach(({ name }, index) => {
      showLane(this.panels.get(name).find(".lane-controls"), lanes, index, this.task, change);
    });
    this.byId("add-lane").disabled = !oneMore(lanes, this.task);
    const several = lanes.filter((lane) => lane.num_landmarks).length !== 1;
    for (const label of this.root.querySelectorAll(".all-lanes")) label.hidden = several;
  }

  takeToken(header, arrays) {
    // Of lanes that have gone since.
    if (!header.lanes.every(({ lane }) => this.panels.has(lane)) || header.lanes.length !== this.panels.size) return;
    if (header.token === 0) this.clear();
    this.token = header;
    this.arrived = performance.now();
    this.dropped += header.dropped_frames;
    this.summary.push(header);
    for (const lane of header.lanes) this.panels.get(lane.lane).push(header.token, lane, arrays);
    const heads = arrays[`${header.lanes[0].lane}/attention`]?.shape[0] ?? 0;
    if (this.byId("head").options.length !== heads + 1) {
      fill(this.byId("head"), [[-1, say("mean")], ...Array.from({ length: heads }, (_, h) => [h, `${h + 1}`])]);
    }
    // A live stream that was paused has a gap that everybody knows of.
    if (header.gap_s > 0 && !this.resumed) this.noticeGap(header.gap_s);
    this.resumed = false;
    this.root.dataset.token = header.token;
  }

  noticeGap(gap) {
    this.notice(
      say(this.task.input === "sound" ? "sound_gap" : "picture_gap", { seconds: gap.toFixed(1) }),
    );
  }

  takeFrame(header, arrays) {
    const { camera } = this.sources;
    this.preview.push(header, arrays, camera.running ? camera.answer(header.taken_s) : null);
  }

  get head() {
    return Number(this.byId("head").value);
  }

  clear() {
    for (const panel of this.panels.values()) panel.reset();
    this.summary.reset();
    this.preview.reset();
    this.token = null;
    this.dropped = this.sources.camera.dropped = 0;
    this.ended = false;
  }

  notice(sentence) {
    const element = this.byId("notice");
    element.hidden = !sentence;
    element.textContent = sentence || "";
  }

  frame(time) {
    this.animation = requestAnimationFrame((next) => this.frame(next));
    if (time - this.lastFrame < FRAME_MS || !this.task) return;
    this.lastFrame = time;
    if (time - this.lastNumbers > NUMBERS_MS) {
      this.lastNumbers = time;
      this.refresh();
    }
    if (this.byId("maps").checked && this.token && time - this.lastMap > MAP_MS) {
      this.lastMap = time;
      for (const lane of this.panels.keys()) this.socket.send({ type: "map", lane });
    }
    const waiting = this.token ? (performance.now() - this.arrived) / 1000 / this.task.hop_s : 0;
    const progress = this.settings.paused || this.ended ? 0 : Math.min(waiting, 1);
    for (const panel of this.panels.values()) panel.view.draw(this.theme, progress, this.head);
    if (this.task.input === "video") this.preview.draw(this.theme, { mirrored: this.isCamera, bones: this.hello.bones });
    if (this.token) this.root.dataset.frames = ++this.frames;
  }

  get isCamera() {
    return ["camera", "device"].includes(this.settings.source);
  }

  refresh() {
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (!this.theme || this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    for (const lane of this.settings.lanes) this.panels.get(lane.name).refresh(lane);
    // The preview names what it shows.
    const source = this.task.input === "sound" ? this.sources.name : "";
    this.summary.refresh(source, this.ended, this.settings.lanes.map(laneTitle));
    this.preview.refresh({
      name: this.sources.name,
      live: this.isCamera && this.sources.running,
      dropped: this.dropped + this.sources.camera.dropped,
      paused: this.settings.paused,
    });
  }

  stop() {
    cancelAnimationFrame(this.animation);
    document.removeEventListener("keydown", this.onKey);
    this.sources.stop();
    this.socket.close();
  }
}

/** Mount the live surface once; further renders of the component leave it alone. */
export function mount(parent, data) {
  const root = parent.querySelector(".cla-live");
  if (root.livePage) return root.unmount;
  root.livePage = new LivePage(parent, data);
  root.unmount = () => {
    // Streamlit calls this before each new render too; only a surface that has left the page ends.
    setTimeout(() => {
      if (root.isConnected) return;
      root.livePage.stop();
    });
  };
  return root.unmount;
}

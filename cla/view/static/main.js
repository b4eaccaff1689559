// The live surface: connects the session, the sources, the controls and the lanes.

import { readAddress } from "./address.js";
import { Board } from "./board.js";
import { readTheme } from "./colors.js";
import { markup, fill, fillTasks, showTask } from "./controls.js";
import { Followed } from "./followed.js";
import { decimal, setLocale } from "./format.js";
import { showHint } from "./hint.js";
import { listenForKeys } from "./keys.js";
import { readLanes, setKinds, withoutLane, writeLanes } from "./lane_controls.js";
import { setLooks } from "./looks.js";
import { applyChoice, bindSettings } from "./page_settings.js";
import { Preview } from "./preview.js";
import { RecordButton } from "./record_button.js";
import { liveUrl } from "./routes.js";
import { readEnter, Sensitivity } from "./sensitivity.js";
import { LiveSocket } from "./socket.js";
import { Sources } from "./sources.js";
import { say, setTexts } from "./texts.js";
import { Tip } from "./tip.js";
import { wire } from "./wiring.js";

const FRAME_MS = 28;
const NUMBERS_MS = 200;
const MAP_MS = 1000;

class LivePage {
  constructor(parent, data) {
    this.data = data;
    this.root = parent.querySelector(".cla-live");
    setTexts(data.texts);
    setLocale(data.language);
    setLooks(data.systems);
    setKinds(data.kinds);
    this.root.innerHTML = markup();
    this.byId = (id) => this.root.querySelector(`[data-testid="${id}"]`);
    this.settings = {};
    bindSettings(this.byId);
    this.tip = new Tip(this.root);
    this.sources = new Sources(this);
    this.board = new Board(this);
    this.preview = new Preview(this.byId("preview"), (picture) => this.board.track?.picture(picture));
    this.record = new RecordButton(this.byId("record"), this);
    this.frames = this.dropped = 0;
    this.lastFrame = this.lastNumbers = this.lastMap = 0;
    showHint(this.byId("first-hint"));
    this.endKeys = listenForKeys(this);
    this.sensitivity = new Sensitivity(this);
    this.followed = new Followed(["fast", "landmarks", "mode", "sensitivity"].map(this.byId), () => {
      if (this.settings.task === this.task?.name) this.showControls(this.settings);
    });
    wire(this);
    this.connect();
    this.animation = requestAnimationFrame((time) => this.frame(time));
  }

  connect() {
    this.socket = new LiveSocket(liveUrl(this.data.key, this.data.language), {
      onMessage: (header, arrays) => this.receive(header, arrays),
      onState: (sentence) => this.notice(sentence),
    });
  }

  sendLanes(lanes) {
    this.socket.send({ type: "lanes", lanes });
  }

  /** The lane at this place is the one that keys act on. */
  selectLane(at) {
    this.board.select(at);
  }

  removeLane() {
    const left = withoutLane(this.settings.lanes, this.board.selected);
    if (left) this.sendLanes(left);
  }

  freeze(frozen) {
    this.board.freeze(frozen);
    const button = this.byId("freeze");
    button.setAttribute("aria-pressed", String(frozen));
    button.textContent = say(frozen ? "unfreeze" : "freeze");
  }

  receive(header, arrays) {
    switch (header.type) {
      case "kernels": return this.showPath(header);
      case "hello": return this.greet(header);
      case "settings": return this.show({ ...header, lanes: this.settings.lanes });
      // In its place among the tokens: those after it are of these lanes.
      case "lanes": return this.show({ ...this.settings, lanes: header.lanes });
      case "token": return this.takeToken(header, arrays);
      case "sound": return this.board.track?.sound(header.time_s, arrays.peaks.data);
      case "frame": return this.takeFrame(header, arrays);
      case "map": return this.board.frozen || this.board.panels.get(header.lane)?.map.draw(arrays, this.theme, this.head);
      case "recording": return this.record.take(header);
      case "notice": {
        const before = this.byId("notice").textContent;
        return this.notice(`${before} ${header.message}`.trim());
      }
      case "fault":
        // A file that was refused is neither heard nor named.
        if (!this.settings.source) {
          this.clear();
          this.sources.drop();
        }
        this.board.doubt();
        return this.notice(`${header.message} ${header.remedy}`);
      case "ended":
        this.ended = true;
        return undefined;
    }
  }

  /** By what lanes step, and how far the kernels are. */
  showPath({ ready, missing, share }) {
    const path = this.byId("path");
    const kind = ready ? "kernels" : missing ? "missing" : share === null ? "loading" : "compiling";
    path.hidden = false;
    path.textContent = say(`path_${kind}`, { percent: Math.round(100 * (share ?? 0)) });
    path.dataset.path = ready ? "kernels" : "pytorch";
  }

  /** First message of a connection: build the page once, and start the first sample by itself. */
  greet(hello) {
    const first = !this.hello;
    this.hello = hello;
    this.settings = { ...this.settings, lanes: hello.lanes };
    this.byId("record").hidden = !hello.records;
    if (first) fillTasks(this.byId("tasks"), this.byId("idle-tasks"), hello.tasks, (name) => this.choose(name));
    const wished = readAddress("clip");
    const task = hello.tasks.find(({ clips, problem }) => !problem && clips.some(({ name }) => name === wished));
    if (first && task) {
      this.setTask(task);
      this.byId("clip").value = wished;
    }
    const own = first && !task && hello.tasks.find(({ name, problem, address }) => !problem && (address ?? name) === readAddress("task"));
    const fast = this.byId("fast").checked;
    const enter = readEnter();
    if (hello.source || !this.task) this.show(hello);
    if (own) return this.choose(own.name);
    if (hello.source) return;
    if (first && readAddress("lanes")) this.sendLanes(readLanes(readAddress("lanes")));
    if (first && enter) this.sensitivity.choose(enter);
    if (first && fast) {
      this.byId("fast").checked = true;
      this.socket.send({ type: "fast", fast });
    }
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
    showTask(this.root, task, this.hello, this.data.endings);
    applyChoice(this.byId("layer"));
    this.sources.listDevices();
    this.preview.reset();
    this.sensitivity.setTask(task);
  }

  /** Settings as the server has them. */
  show(settings) {
    const before = this.settings;
    this.settings = settings;
    // A page that has just chosen a task is ahead of the server until the source has begun.
    const served = this.hello.tasks.find(({ name }) => name === settings.task);
    if (settings.source || !this.task) this.setTask(served);
    this.board.show(settings, served, this.hello.device);
    // The controls for all lanes make sense where a single one is low-rank.
    const several = settings.lanes.filter((lane) => lane.num_landmarks).length !== 1;
    for (const label of this.root.querySelectorAll(".all-lanes")) label.hidden = several;
    if (settings.source) writeLanes(settings.lanes);
    this.byId("pause").textContent = say(settings.paused ? "resume" : "pause");
    this.byId("step").disabled = !settings.paused;
    this.showControls(settings);
    this.record.show(settings.recorded_s);
    if (settings.device_name) this.sources.name = settings.device_name;
    if (before.source !== settings.source) this.sources.showRunning();
    const changed = before.num_landmarks !== settings.num_landmarks || before.landmark_mode !== settings.landmark_mode;
    if (before.task === settings.task && changed && settings.num_landmarks) {
      const names = settings.lanes.filter((lane) => lane.num_landmarks).map(({ name }) => name);
      this.board.note(names, `${settings.num_landmarks} ${say(settings.landmark_mode)}`);
    }
    if (before.paused !== settings.paused) this.sources.pause(settings.paused);
    if (before.paused) this.resumed = true;
  }

  showControls(settings) {
    const { landmark_counts: counts } = this.task;
    this.followed.put(this.byId("fast"), settings.fast);
    const shown = this.followed.put(this.byId("landmarks"), counts.indexOf(settings.num_landmarks));
    if (shown) this.byId("landmarks-value").textContent = settings.num_landmarks;
    this.followed.put(this.byId("mode"), settings.landmark_mode);
    this.sensitivity.show(settings.enter);
  }

  takeToken(header, arrays) {
    if (header.token === 0) this.clear();
    // What comes late of a source that was given up is not taken for the next one's.
    if (this.deaf) return;
    if (!this.board.push(header, arrays)) return;
    this.token = header;
    this.arrived = performance.now();
    this.dropped += header.dropped_frames;
    const heads = arrays[`${header.lanes[0].lane}/attention`]?.shape[1] ?? 0;
    if (this.byId("head").options.length !== heads + 1) {
      fill(this.byId("head"), [[0, say("mean")], ...Array.from({ length: heads }, (_, h) => [h + 1, h + 1])]);
      applyChoice(this.byId("head"));
    }
    // A live stream that was paused has a gap that everybody knows of.
    if (header.gap_s > 0 && !this.resumed) this.noticeGap(header.gap_s);
    this.resumed = false;
    this.root.dataset.token = header.token;
  }

  noticeGap(gap) {
    const why = this.gapWhy ?? (this.task.input === "sound" ? "sound_gap" : "picture_gap");
    this.notice(say(why, { seconds: decimal(gap, 1) }));
    this.gapWhy = null;
  }

  takeFrame(header, arrays) {
    const { camera } = this.sources;
    this.preview.push(header, arrays, camera.running ? camera.answer(header.taken_s) : null);
  }

  /** The head whose attention is drawn, -1 for the mean of all. */
  get head() {
    return Number(this.byId("head").value) - 1;
  }

  get layer() {
    return Math.max(0, Number(this.byId("layer").value) - 1);
  }

  clear() {
    // What was frozen is gone.
    if (this.board.frozen) this.freeze(false);
    this.board.clear();
    this.preview.reset();
    this.deaf = false;
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
    const { frozen } = this.board;
    if (!frozen && time - this.lastNumbers > NUMBERS_MS) {
      this.lastNumbers = time;
      this.refresh();
    }
    if (this.byId("maps").checked && !frozen && this.token && time - this.lastMap > MAP_MS) {
      this.lastMap = time;
      const { layer } = this;
      for (const lane of this.board.lanes) {
        this.socket.send({ type: "map", lane: lane.name, layer: Math.min(layer, (lane.num_layers ?? this.task.num_layers) - 1) });
      }
    }
    if (!frozen) this.draw();
    if (this.token) this.root.dataset.frames = ++this.frames;
  }

  draw() {
    const waiting = this.token ? (performance.now() - this.arrived) / 1000 / this.task.hop_s : 0;
    const progress = this.settings.paused || this.ended ? 0 : Math.min(waiting, 1);
    const mirrored = this.isCamera;
    this.board.draw(this.theme, progress, { head: this.head, layer: this.layer, mirrored });
    if (this.task.input === "video") this.preview.draw(this.theme, { mirrored, bones: this.hello.bones });
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
    this.record.draw();
    const dropped = this.dropped + this.sources.camera.dropped;
    this.board.refresh({
      // The preview names what it shows.
      source: this.task.input === "sound" ? this.sources.name : "",
      ended: this.ended,
      dropped,
    });
    this.preview.refresh({
      name: this.sources.name,
      live: this.isCamera && this.sources.running,
      dropped,
      paused: this.settings.paused,
    });
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.endKeys();
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

// The live surface: connects the session, the sources, the controls and the lanes.

/** @import { ById, FrameMessage, Hello, KernelsMessage, Lane, LaneSettings, LiveData, Message, Settings, Tables, Task, Theme, TokenMessage } from "./types.js" */

import { readAddress } from "./address.js";
import { unknownInAddress } from "./address_check.js";
import { Board } from "./board.js";
import { readTheme } from "./colors.js";
import { markup, fill, fillTasks, showTask } from "./controls.js";
import { byTestId, part } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Followed } from "./followed.js";
import { decimal, setLocale } from "./format.js";
import { showHint } from "./hint.js";
import { listenForKeys } from "./keys.js";
import { showLandmarks } from "./landmarks.js";
import { oneMore, setKinds, withoutLane, writeLanes } from "./lane_controls.js";
import { setLooks } from "./looks.js";
import { applyChoice, bindSettings } from "./page_settings.js";
import { Presenter } from "./presenter.js";
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

export class LivePage {
  /** What the server said on connecting. @type {Hello | undefined} */
  hello;
  /** What the server plays, and how. @type {Settings | undefined} */
  settings;
  /** @type {Lane[]} */
  lanes = [];
  /** What is or will be played; it may be ahead of the settings. @type {Task | undefined} */
  task;
  /** @type {LiveSocket} */
  socket;
  /** @type {Theme | undefined} */
  theme;
  /** What the theme was read for. */
  background = "";
  /** The newest token. @type {TokenMessage | null} */
  token = null;
  /** When it came. */
  arrived = 0;
  /** Whether the visitor wants little to move: charts then go on by whole tokens. */
  calm = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  /** Pictures left out by the server. */
  dropped = 0;
  /** Why the next gap is there, where the page knows. */
  gapWhy = "";
  /** Whether the source is at its end. */
  ended = false;
  /** The task that a visitor has chosen, until the server plays it. */
  chosen = "";
  /** Whether what comes is of a source that was given up. */
  deaf = false;
  /** Whether a pause has just ended. */
  resumed = false;
  frames = 0;
  lastFrame = 0;
  lastNumbers = 0;
  lastMap = 0;

  /** @param {HTMLElement} root @param {LiveData} data */
  constructor(root, data) {
    this.data = data;
    this.root = root;
    setTexts(data.texts);
    setLocale(data.language);
    setLooks(data.systems);
    setKinds(data.kinds, data.lane_defaults);
    this.root.innerHTML = markup();
    /** @type {ById} */
    this.byId = (id) => byTestId(this.root, id);
    bindSettings(this.byId);
    this.tip = new Tip(this.root);
    this.sources = new Sources(this);
    this.board = new Board(this);
    this.preview = new Preview(this.byId("preview"), (picture) => this.board.track?.picture(picture));
    this.record = new RecordButton(this.byId("record"), this);
    this.drawer = new Drawer(this);
    this.presenter = new Presenter(this);
    showHint(this.root, this.byId("first-hint"));
    this.endKeys = listenForKeys(this);
    this.sensitivity = new Sensitivity(this);
    const controls = [this.byId("fast"), this.byId("landmarks"), this.byId("mode"), this.byId("sensitivity")];
    this.followed = new Followed(controls, () => {
      if (this.task && this.settings?.task === this.task.name) this.showControls(this.settings, this.task);
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

  /** @param {LaneSettings[] | null} lanes null where they stay */
  sendLanes = (lanes) => {
    if (!lanes) return;
    this.socket.send({ type: "lanes", lanes });
  };

  /** The lane at this place is the one that keys and the landmarks' controls act on. @param {number} at */
  selectLane(at) {
    this.board.select(at);
    if (this.task) showLandmarks(this, this.task);
  }

  removeLane() {
    this.sendLanes(withoutLane(this.lanes, this.board.selected));
  }

  addLane() {
    this.sendLanes(this.task ? oneMore(this.lanes, this.task) : null);
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    this.board.freeze(frozen);
    const button = this.byId("freeze");
    button.setAttribute("aria-pressed", String(frozen));
    button.textContent = say(frozen ? "unfreeze" : "freeze");
  }

  /** @param {Message} header @param {Tables} arrays */
  receive(header, arrays) {
    switch (header.type) {
      case "kernels":
        this.showPath(header);
        break;
      case "hello":
        this.greet(header);
        break;
      case "settings":
        this.show(header, this.lanes);
        break;
      case "lanes":
        // In its place among the tokens: those after it are of these lanes.
        if (this.settings) this.show(this.settings, header.lanes);
        break;
      case "token":
        this.takeToken(header, arrays);
        break;
      case "sound":
        this.board.track?.sound(header.time_s, arrays.peaks.data);
        if (this.settings?.source === "device") this.sources.showLevel(Math.max(...arrays.peaks.data));
        break;
      case "frame":
        this.takeFrame(header, arrays);
        break;
      case "map":
        if (this.theme && !this.board.frozen) this.board.panels.get(header.lane)?.map.draw(arrays, this.theme, this.head);
        break;
      case "recording":
        this.record.take(header);
        break;
      case "notice":
        this.notice(`${this.byId("notice").textContent} ${header.message}`.trim());
        break;
      case "fault":
        if (this.settings?.source) this.deaf = false;
        else this.sources.refuse();
        this.board.doubt();
        this.notice(`${header.message} ${header.remedy}`);
        break;
      case "ended":
        this.ended = true;
        break;
    }
  }

  /** By what lanes step, and how far the kernels are. @param {KernelsMessage} status */
  showPath({ ready, missing, share }) {
    const path = this.byId("path");
    const kind = ready ? "kernels" : missing ? "missing" : share === null ? "loading" : "compiling";
    path.hidden = false;
    path.textContent = say(`path_${kind}`, { percent: Math.round(100 * (share ?? 0)) });
    path.dataset.path = ready ? "kernels" : "pytorch";
  }

  /**
   * First message of a connection: build the page once, and start the first sample by itself.
   * @param {Hello} hello
   */
  greet(hello) {
    const first = !this.hello;
    // Before the page writes there itself.
    const unknown = first ? unknownInAddress(hello.tasks) : "";
    this.hello = hello;
    this.begin(hello, first);
    if (unknown) this.notice(`${this.byId("notice").textContent} ${unknown}`.trim());
  }

  /** Show what the address asks for, or what goes on. @param {Hello} hello @param {boolean} first */
  begin(hello, first) {
    this.lanes = hello.lanes;
    this.byId("record").hidden = !hello.records;
    if (first) fillTasks(this.byId("tasks"), this.byId("idle-tasks"), hello.tasks, (name) => this.choose(name));
    const wished = readAddress("clip");
    const task = hello.tasks.find(({ clips, problem }) => !problem && clips.some(({ name }) => name === wished));
    if (first && task) {
      this.setTask(task, hello);
      this.byId("clip").value = wished ?? "";
    }
    const own = first && !task && hello.tasks.find(({ name, problem, address }) => !problem && (address ?? name) === readAddress("task"));
    const fast = this.byId("fast").checked;
    const enter = readEnter();
    if (hello.source || !this.task) this.show(hello, hello.lanes);
    else this.settings = hello;
    if (own) {
      this.choose(own.name);
      return;
    }
    if (hello.source) return;
    const lanes = readAddress("lanes");
    if (first && lanes) this.socket.send({ type: "named_lanes", text: lanes });
    if (first && enter !== null) this.sensitivity.choose(enter);
    if (first && fast) {
      this.byId("fast").checked = true;
      this.socket.send({ type: "fast", fast });
    }
    if (this.sources.capture.running) this.sources.resume();
    else this.sources.playSample();
  }

  /** Take the task of this name, and show its first sample. @param {string} name */
  choose(name) {
    const task = this.hello?.tasks.find((one) => one.name === name);
    if (!this.hello || !task) return;
    this.sources.stop();
    this.chosen = name;
    this.setTask(task, this.hello);
    this.sources.playSample();
  }

  /** @param {Task} task @param {Hello} hello */
  setTask(task, hello) {
    if (this.task === task) return;
    this.task = task;
    showTask(this.root, task, hello, this.data.endings);
    applyChoice(this.byId("layer"));
    this.sources.listDevices();
    this.preview.reset();
    this.sensitivity.setTask(task);
  }

  /** Settings and lanes as the server has them. @param {Settings} settings @param {Lane[]} lanes */
  show(settings, lanes) {
    const { hello, settings: before } = this;
    const served = hello?.tasks.find(({ name }) => name === settings.task);
    if (!hello || !served) return;
    this.settings = settings;
    this.lanes = lanes;
    if (settings.task === this.chosen) this.chosen = "";
    // A page that has just chosen a task is ahead of the server until the source has begun.
    const task = this.task && (this.chosen || !settings.source) ? this.task : served;
    this.setTask(task, hello);
    this.board.show(lanes, served, hello.device);
    const lowRank = lanes.filter((lane) => lane.num_landmarks);
    if (settings.source) writeLanes(lanes);
    this.byId("pause").textContent = say(settings.paused ? "resume" : "pause");
    this.byId("step").disabled = !settings.paused;
    this.showControls(settings, task);
    this.record.show(settings.recorded_s);
    if (settings.device_name) this.sources.name = settings.device_name;
    if (before?.source !== settings.source) this.sources.showRunning();
    const { num_landmarks: count, landmark_mode: mode } = settings;
    const changed = before?.num_landmarks !== count || before?.landmark_mode !== mode;
    if (before?.task === settings.task && changed && count && mode) {
      this.board.note(lowRank.map(({ name }) => name), `${count} ${say(mode)}`);
    }
    if (before?.paused !== settings.paused) this.sources.pause(settings.paused);
    if (before?.paused) this.resumed = true;
  }

  /** @param {Settings} settings @param {Task} task */
  showControls({ fast, enter }, task) {
    this.followed.put(this.byId("fast"), fast);
    showLandmarks(this, task);
    this.sensitivity.show(enter);
  }

  /** @param {TokenMessage} header @param {Tables} arrays */
  takeToken(header, arrays) {
    if (header.token === 0) this.clear();
    // What comes late of a source that was given up is not taken for the next one's.
    if (this.deaf) return;
    if (!this.board.push(header, arrays)) return;
    this.token = header;
    this.arrived = performance.now();
    this.dropped += header.dropped_frames;
    /** @type {Tables[string] | undefined} */
    const attention = arrays[`${header.lanes[0].lane}/attention`];
    this.offerHeads(attention?.shape[1] ?? 0);
    // A live stream that was paused has a gap that everybody knows of.
    if (header.gap_s > 0 && !this.resumed) this.noticeGap(header.gap_s);
    this.resumed = false;
    this.root.dataset.token = String(header.token);
  }

  /** @param {number} count */
  offerHeads(count) {
    const select = this.byId("head");
    if (select.options.length === count + 1) return;
    const heads = Array.from({ length: count }, (_, head) => head + 1);
    fill(select, [[0, say("mean")], ...heads.map((head) => /** @type {[number, number]} */ ([head, head]))]);
    applyChoice(select);
  }

  /** @param {number} gap in seconds */
  noticeGap(gap) {
    const why = this.gapWhy || (this.task?.input === "sound" ? "sound_gap" : "picture_gap");
    this.notice(say(why, { seconds: decimal(gap, 1) }));
    this.gapWhy = "";
  }

  /** @param {FrameMessage} header @param {Tables} arrays */
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
    this.sources.shown = this.sources.name;
  }

  /** @param {string | null} sentence */
  notice(sentence) {
    const element = this.byId("notice");
    element.hidden = !sentence;
    element.textContent = sentence || "";
  }

  /** @param {number} time */
  frame(time) {
    this.animation = requestAnimationFrame((next) => this.frame(next));
    const { task, settings } = this;
    if (time - this.lastFrame < FRAME_MS || !task || !settings) return;
    this.lastFrame = time;
    const { frozen } = this.board;
    if (!frozen && time - this.lastNumbers > NUMBERS_MS) {
      this.lastNumbers = time;
      this.refresh(task, settings);
    }
    if (this.byId("maps").checked && !frozen && this.token && time - this.lastMap > MAP_MS) {
      this.lastMap = time;
      const { layer } = this;
      for (const lane of this.board.lanes) {
        this.socket.send({ type: "map", lane: lane.name, layer: Math.min(layer, (lane.num_layers ?? task.num_layers) - 1) });
      }
    }
    if (!frozen && this.theme) this.draw(this.theme, task, settings.paused || this.ended);
    if (!this.token) return;
    this.frames += 1;
    this.root.dataset.frames = String(this.frames);
  }

  /** Close the last thing that was opened over or into the page: whether there was one. */
  closeOne() {
    const notice = this.byId("notice");
    if (!this.byId("key-help").hidden) this.byId("help").click();
    else if (!notice.hidden) this.notice(null);
    else if (this.presenter.on) this.presenter.show(false);
    else if (this.drawer.open) this.drawer.show(false);
    else return false;
    return true;
  }

  /** @param {Theme} theme @param {Task} task @param {boolean} still */
  draw(theme, task, still) {
    const waiting = this.token ? (performance.now() - this.arrived) / 1000 / task.hop_s : 0;
    const progress = still || this.calm?.matches ? 0 : Math.min(waiting, 1);
    const mirrored = this.isCamera;
    this.board.draw(theme, progress, { head: this.head, layer: this.layer, mirrored });
    if (task.input === "video") this.preview.draw(theme, { mirrored, bones: this.hello?.bones ?? [] });
  }

  get isCamera() {
    return ["camera", "device"].includes(this.settings?.source ?? "");
  }

  /** @param {Task} task @param {Settings} settings */
  refresh(task, settings) {
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (!this.theme || this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    this.record.draw();
    if (this.presenter.on) this.board.enlarge(this.presenter.zoom);
    const dropped = this.dropped + this.sources.camera.dropped;
    this.board.refresh({
      // The preview names what it shows.
      source: task.input === "sound" ? this.sources.name : "",
      ended: this.ended,
      dropped,
    });
    this.preview.refresh({
      name: this.sources.name,
      live: this.isCamera && this.sources.running,
      dropped,
      paused: settings.paused,
    });
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.endKeys();
    this.sources.stop();
    this.socket.close();
  }
}

/**
 * Mount the live surface once; further renders of the component leave it alone.
 * @param {HTMLElement} parent
 * @param {LiveData} data
 */
export function mount(parent, data) {
  /** @type {HTMLElement & {livePage?: LivePage}} */
  const root = part(parent, ".cla-live");
  root.livePage ??= new LivePage(root, data);
  const page = root.livePage;
  // Streamlit calls this before each new render too; only a surface that has left the page ends.
  return () => setTimeout(() => root.isConnected || page.stop());
}

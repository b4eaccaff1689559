// The live surface: connects the session, the sources, the controls and the two lanes.

import { readTheme } from "./colors.js";
import { MARKUP, fill } from "./controls.js";
import { compact, ratio } from "./format.js";
import { LanePanel } from "./lane_panel.js";
import { drawFactors } from "./map_view.js";
import { Microphone } from "./microphone.js";
import { LiveSocket } from "./socket.js";

const LANES = ["full", "continual_nystrom"];
const FRAME_MS = 28;
const NUMBERS_MS = 200;
const MAP_MS = 1000;
const UPLOAD_CHUNK = 64 * 1024;
const MAX_BUFFERED = 1024 * 1024;
const MAX_UPLOAD_MB = 50;

class LivePage {
  constructor(parent, data) {
    this.data = data;
    this.root = parent.querySelector(".cla-live");
    this.root.innerHTML = MARKUP;
    this.panels = {};
    this.settings = {};
    this.byId = (id) => this.root.querySelector(`[data-testid="${id}"]`);
    this.audio = new Audio();
    this.audio.muted = true;
    this.microphone = new Microphone(data.scripts, {
      onPacket: (packet) => this.socket.sendBytes(packet),
      onLevel: (level) => { this.root.querySelector("meter").value = level; },
      onEnd: (sentence) => this.stopMicrophone(sentence),
    });
    this.frames = 0;
    this.lastFrame = this.lastNumbers = this.lastMap = 0;
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
    on("play", "click", () => this.playSample());
    on("clip", "change", () => this.playSample());
    on("microphone", "click", () => this.startMicrophone());
    on("device", "change", (event) => this.startMicrophone(event.target.value));
    on("upload", "change", (event) => this.upload(event.target));
    on("sound", "change", (event) => { this.audio.muted = !event.target.checked; });
    on("pause", "click", () => send(this.settings.paused ? "resume" : "pause"));
    on("step", "click", () => send("step"));
    on("reset", "click", () => {
      send("reset");
      this.clear();
    });
    on("landmarks", "input", (event) => {
      const count = this.hello.landmark_counts[event.target.value];
      this.byId("landmarks-value").textContent = count;
      send("landmarks", { num_landmarks: count });
    });
    on("mode", "change", (event) => send("landmark_mode", { mode: event.target.value }));
    on("maps", "change", (event) => {
      for (const panel of Object.values(this.panels)) panel.find(".factors").hidden = !event.target.checked;
      this.lastMap = 0;
    });
  }

  receive(header, arrays) {
    switch (header.type) {
      case "hello": return this.greet(header);
      case "settings": return this.show(header);
      case "token": return this.takeToken(header, arrays);
      case "map": return drawFactors(this.panels[header.lane].find(".factors"), arrays, this.theme, this.head);
      case "fault": return this.notice(`${header.message} ${header.remedy}`);
      case "ended":
        this.ended = true;
        return undefined;
    }
  }

  /** First message of a connection: build the page once, and start the first sample by itself. */
  greet(hello) {
    this.hello = hello;
    if (!this.panels.full) {
      for (const lane of LANES) {
        this.panels[lane] = new LanePanel(lane, hello);
        this.root.querySelector(".lanes").append(this.panels[lane].element);
      }
      fill(this.byId("clip"), hello.clips.map(({ name, title }) => [name, title]));
      if (hello.clips.some(({ name }) => name === this.data.clip)) this.byId("clip").value = this.data.clip;
      this.byId("landmarks").max = hello.landmark_counts.length - 1;
      fill(this.byId("head"), [[-1, "mean"]]);
      this.byId("foot").textContent =
        `A token is ${hello.hop_s * 1000} ms, the window ${hello.window} tokens. Measured on ${hello.device}.`;
    }
    this.show(hello);
    if (!hello.source) {
      if (this.microphone.stream) this.resumeMicrophone();
      else this.playSample();
    }
  }

  /** Settings as the server has them. */
  show(settings) {
    const before = this.settings;
    this.settings = settings;
    this.byId("pause").textContent = settings.paused ? "Resume" : "Pause";
    this.byId("step").disabled = !settings.paused;
    const at = this.hello.landmark_counts.indexOf(settings.num_landmarks);
    this.byId("landmarks").value = at;
    this.byId("landmarks-value").textContent = settings.num_landmarks;
    this.byId("mode").value = settings.landmark_mode;
    const changed = before.num_landmarks !== settings.num_landmarks || before.landmark_mode !== settings.landmark_mode;
    if (before.num_landmarks && changed) {
      this.panels.continual_nystrom.view.note(`${settings.num_landmarks} ${settings.landmark_mode}`);
    }
    if (settings.paused) this.audio.pause();
    else if (before.paused && settings.source !== "microphone") this.audio.play().catch(() => {});
  }

  takeToken(header, arrays) {
    if (header.token === 0) this.clear();
    this.token = header;
    this.arrived = performance.now();
    this.compared = (this.compared || 0) + 1;
    const labels = header.lanes.map((lane) => lane.label);
    this.agreed = (this.agreed || 0) + (labels[0] === labels[1]);
    for (const lane of header.lanes) this.panels[lane.lane].push(header.token, lane, arrays);
    const heads = arrays["full/attention"]?.shape[0] ?? 0;
    if (this.byId("head").options.length !== heads + 1) {
      fill(this.byId("head"), [[-1, "mean"], ...Array.from({ length: heads }, (_, h) => [h, `${h + 1}`])]);
    }
    if (header.gap_s > 0) this.notice(`The machine was too slow: ${header.gap_s.toFixed(1)} s of sound were left out.`);
    this.root.dataset.token = header.token;
  }

  get head() {
    return Number(this.byId("head").value);
  }

  clear() {
    for (const panel of Object.values(this.panels)) panel.reset();
    this.compared = this.agreed = 0;
    this.token = null;
    this.ended = false;
  }

  notice(sentence) {
    const element = this.byId("notice");
    element.hidden = !sentence;
    element.textContent = sentence || "";
  }

  playSample() {
    const name = this.byId("clip").value;
    this.stopMicrophone();
    this.notice(null);
    this.play(`${this.data.base}/clips/${this.hello.clips.find((clip) => clip.name === name).file}`);
    this.socket.send({ type: "sample", clip: name });
  }

  play(url) {
    URL.revokeObjectURL(this.audio.src);
    this.audio.src = url;
    this.audio.play().catch(() => {});
  }

  async startMicrophone(deviceId) {
    this.stopMicrophone();
    this.audio.pause();
    this.socket.send({ type: "stop" });
    this.clear();
    try {
      const { rate, name, deviceId: used, devices } = await this.microphone.start(deviceId);
      this.rate = rate;
      this.resumeMicrophone();
      this.root.querySelector("meter").hidden = false;
      this.root.querySelector(".devices").hidden = devices.length < 2;
      fill(this.byId("device"), devices.map((device, i) => [device.deviceId, device.label || `microphone ${i + 1}`]));
      this.byId("device").value = used;
      this.notice(null);
      this.byId("microphone").title = name;
    } catch (error) {
      this.notice(error.message);
    }
  }

  resumeMicrophone() {
    this.socket.send({ type: "microphone", sample_rate_hz: this.rate });
  }

  stopMicrophone(sentence) {
    this.microphone.stop();
    this.root.querySelector("meter").hidden = true;
    if (sentence) this.notice(sentence);
  }

  async upload(input) {
    const [file] = input.files;
    if (!file) return;
    this.stopMicrophone();
    this.notice(null);
    if (file.size > MAX_UPLOAD_MB * 2 ** 20 || !file.size) {
      this.notice(`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MB. Give a file of at most ${MAX_UPLOAD_MB} MB, not empty.`);
      return;
    }
    this.clear();
    this.socket.send({ type: "upload", size_bytes: file.size, name: file.name });
    for (let start = 0; start < file.size; start += UPLOAD_CHUNK) {
      while (this.socket.socket.bufferedAmount > MAX_BUFFERED) await new Promise((done) => setTimeout(done, 20));
      this.socket.sendBytes(await file.slice(start, start + UPLOAD_CHUNK).arrayBuffer());
    }
    this.play(URL.createObjectURL(file));
    input.value = "";
  }

  frame(time) {
    this.animation = requestAnimationFrame((next) => this.frame(next));
    if (time - this.lastFrame < FRAME_MS || !this.hello) return;
    this.lastFrame = time;
    if (time - this.lastNumbers > NUMBERS_MS) {
      this.lastNumbers = time;
      this.refresh();
    }
    if (this.byId("maps").checked && this.token && time - this.lastMap > MAP_MS) {
      this.lastMap = time;
      for (const lane of LANES) this.socket.send({ type: "map", lane });
    }
    const waiting = this.token ? (performance.now() - this.arrived) / 1000 / this.hello.hop_s : 0;
    const progress = this.settings.paused || this.ended ? 0 : Math.min(waiting, 1);
    for (const panel of Object.values(this.panels)) panel.view.draw(this.theme, progress, this.head);
    if (this.token) this.root.dataset.frames = ++this.frames;
  }

  refresh() {
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (!this.theme || this.background !== background) {
      this.background = background;
      this.theme = readTheme(this.root);
    }
    if (!this.token) {
      this.byId("summary").textContent = "";
      return;
    }
    const { num_landmarks: count, landmark_mode: mode } = this.settings;
    this.panels.full.refresh(this.hello.counts.full);
    this.panels.continual_nystrom.refresh(this.hello.counts[mode][count]);
    const [full, low] = this.token.lanes;
    const summary = this.byId("summary");
    summary.innerHTML = `<strong data-testid="ratio">${ratio(full.total_ops / low.total_ops)}×</strong> fewer operations
      (${compact(low.total_ops)} instead of ${compact(full.total_ops)}), and the same label on
      <strong data-testid="agreement">${((100 * this.agreed) / this.compared).toFixed(1)} %</strong> of ${this.compared} tokens.
      <span class="faint" data-testid="time">${this.token.time_s.toFixed(1)} s${this.token.behind_s > 0.5 ? `, behind by ${this.token.behind_s.toFixed(1)} s` : ""}${this.ended ? ", ended" : ""}</span>`;
  }

  stop() {
    cancelAnimationFrame(this.animation);
    this.microphone.stop();
    this.audio.pause();
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

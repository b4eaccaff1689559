// What is played: samples, uploads, and the devices of the browser and of the server's machine.

/** @import { Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { writeAddress } from "./address.js";
import { Camera } from "./camera.js";
import { fill } from "./controls.js";
import { part } from "./dom.js";
import { FileSound } from "./file_sound.js";
import { Microphone } from "./microphone.js";
import { routeUrl } from "./routes.js";
import { say, sayOr } from "./texts.js";

const MAX_CAMERA_BUFFERED = 64 * 1024;
const LOCAL = "local:";

export class Sources {
  /** The name of what is played. */
  name = "";
  /** The name of what is shown, until what is asked for has begun. */
  shown = "";
  /** Counts the sources: what is asked of an earlier one is no more wanted. */
  turn = 0;
  /** Settled when the last device that was asked for is open, or is not. */
  opening = Promise.resolve();
  /** Samples that the server never got, and the sentence of why. */
  lost = 0;
  lostWhy = "";

  /** @param {LivePage} page */
  constructor(page) {
    this.page = page;
    this.file = new FileSound(page);
    /** @type {HTMLMeterElement} */
    this.meter = part(page.root, "meter");
    /** @param {string} sentence */
    const onEnd = (sentence) => this.stop(sentence);
    this.microphone = new Microphone({
      onPacket: (packet) => this.sendSound(packet),
      onLevel: (level) => this.showLevel(level),
      onEnd,
      onHeld: () => page.notice(say("sound_held")),
      onRun: (samples) => this.missSound(samples),
    });
    this.camera = new Camera({
      onFrame: (message) => page.socket.buffered < MAX_CAMERA_BUFFERED && page.socket.sendBytes(message),
      onEnd,
    });
  }

  /** Show that a device hears something. @param {number} level 0..1 */
  showLevel(level) {
    this.meter.hidden = false;
    this.meter.value = level;
  }

  /** The sound goes on, behind a gap. @param {number} samples */
  missSound(samples) {
    this.page.notice(null);
    this.lost += samples;
    this.lostWhy = "held_gap";
  }

  /**
   * Send a packet, or count what is lost without a connection and say so when there is one again.
   * @param {ArrayBuffer} packet
   */
  sendSound(packet) {
    const { socket } = this.page;
    if (this.lost && socket.send({ type: "lost", samples: this.lost })) {
      this.lost = 0;
      this.page.gapWhy = this.lostWhy;
    }
    if (!socket.sendBytes(packet)) {
      this.lost += packet.byteLength / 2;
      this.lostWhy = "cut_gap";
    } else if (!this.page.settings?.paused) socket.expectAnswer();
  }

  /** The task, which there is once the server has said so: controls do nothing before. */
  get task() {
    return /** @type {Task} */ (this.page.task);
  }

  /** The capture of the browser that the task needs. */
  get capture() {
    return this.task.input === "video" ? this.camera : this.microphone;
  }

  playSample() {
    const { page, task } = this;
    const clip = task.clips.find(({ name }) => name === page.byId("clip").value);
    this.stop();
    page.notice(null);
    page.clear();
    writeAddress("task", clip ? "" : task.address ?? task.name, "");
    if (!clip) {
      page.notice(say("own_task", { device: say(task.input === "video" ? "camera" : "microphone") }));
      page.socket.send({ type: "stop", task: task.name });
      return;
    }
    this.name = sayOr(`sample.${clip.name}`, clip.title);
    writeAddress("clip", clip.name, page.data.opening);
    page.fills = clip.name === page.data.opening;
    page.socket.send({ type: "sample", clip: clip.name });
    if (task.input === "sound") this.file.play(routeUrl(`clips/${clip.file}`).href);
  }

  /** Start the task's device, or stop it. */
  toggleDevice() {
    if (!this.running) {
      this.startDevice();
      return;
    }
    this.stop();
    this.page.socket.send({ type: "stop" });
    this.page.ended = true;
  }

  /**
   * Start a device: one of the browser by its id, or `local:0` for the machine's first.
   * @param {string} device
   */
  async startDevice(device = "") {
    const { page, task } = this;
    page.notice(null);
    if (device.startsWith(LOCAL)) {
      this.stop();
      page.socket.send({ type: "stop" });
      page.socket.send({ type: "device", task: task.name, kind: task.input, index: Number(device.slice(LOCAL.length)) });
      return;
    }
    // What plays goes on until the device is open; another device may be the same one.
    if (this.running) {
      this.stop();
      page.socket.send({ type: "stop" });
    }
    // One after the other: a device that comes late must not take the next one with it.
    this.turn += 1;
    const { turn } = this;
    this.opening = this.opening.then(() => this.open(device, turn));
    await this.opening;
  }

  /**
   * Open a device of the browser, unless another source is chosen, also while the visitor is asked for permission.
   * @param {string} device
   * @param {number} turn
   */
  async open(device, turn) {
    if (this.turn !== turn) return;
    const { capture, task } = this;
    try {
      const { name, deviceId, devices } = await capture.start(device || undefined);
      if (this.turn !== turn) {
        capture.stop();
        return;
      }
      this.file.hush();
      this.page.socket.send({ type: "stop" });
      this.page.clear();
      this.name = name;
      this.showRunning();
      this.listDevices(devices, deviceId);
      this.announce(capture, task);
    } catch (error) {
      if (this.turn === turn) this.page.notice(error.message);
    }
  }

  /** Announce the running device to a session that does not know of it. */
  resume() {
    this.announce(this.capture, this.task);
  }

  /** @param {Microphone | Camera} capture @param {Task} task */
  announce(capture, task) {
    this.lost = 0;
    this.page.socket.send({ ...capture.announcement, task: task.name });
    if (capture === this.camera) this.camera.begin();
  }

  /**
   * The device picker: the browser's devices, and those of this machine.
   * @param {[id: string, label: string][]} devices
   * @param {string | undefined} used
   */
  listDevices(devices = [], used = "") {
    const { page } = this;
    const local = page.hello?.local?.[this.task.input === "video" ? "cameras" : "microphones"] ?? [];
    const options = [...devices];
    if (local.length && !options.length) options.push(["", say("of_browser")]);
    for (const { index, name } of local) options.push([`${LOCAL}${index}`, `${name} (${say("of_machine")})`]);
    fill(page.byId("device"), options);
    if (used) page.byId("device").value = used;
    part(page.root, ".devices").hidden = options.length < 2;
  }

  /** Pause and resume what is heard; devices go on. @param {boolean} paused */
  pause(paused) {
    if (paused || !this.running) this.file.pause(paused);
  }

  get running() {
    return this.microphone.running || this.camera.running || this.page.settings?.source === "device";
  }

  /** The buttons that start a device also stop it, and say so. */
  showRunning() {
    for (const name of /** @type {const} */ (["microphone", "camera"])) {
      this.page.byId(name).textContent = say(this.running ? `stop_${name}` : name);
    }
  }

  /** What was asked for does not come: what is shown stays, at its end. */
  refuse() {
    this.stop();
    this.name = this.shown;
    this.page.ended = true;
  }

  /** Stop devices and sound, and say why. @param {string} sentence */
  stop(sentence = "") {
    this.microphone.stop();
    this.camera.stop();
    this.file.hush();
    this.meter.hidden = true;
    this.turn += 1;
    this.showRunning();
    if (sentence) this.page.notice(sentence);
  }
}

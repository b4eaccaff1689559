// Checks what the Live page needs of the browser and of the way to the server, and says what mends it.

/** @import { LiveData } from "./types.js" */

import { devicesOf, openMedia } from "./capture_errors.js";
import { decode, liveAddress } from "./client.js";
import { part } from "./dom.js";
import { say, setTexts } from "./texts.js";

/** @typedef {Pick<LiveData, "key" | "language" | "texts">} Data */

const ANSWER_MS = 10000;
const TRY_AGAIN_LATER = 1013;

/**
 * Each check resolves to a sentence of what was found, or throws an Error with what mends it.
 * @type {Record<string, (data: Data) => Promise<string>>}
 */
const CHECKS = {
  secure: async () => {
    if (!window.isSecureContext) throw new Error(say("secure_mend", { address: location.origin }));
    return location.origin;
  },
  browser: async () => {
    const missing = ["WebSocket", "AudioWorkletNode", "OffscreenCanvas"].filter((name) => !(name in window));
    // The worklet exists in secure pages alone, which has its own line.
    if (missing.length && window.isSecureContext) throw new Error(say("browser_mend", { missing: missing.join(", ") }));
    return navigator.userAgent.match(/(Firefox|Edg|Chrome|Version)\/[\d.]+/)?.[0] ?? "";
  },
  websocket: (data) => reachServer(data),
  microphone: () => tryDevice("microphone", { audio: true }, "audioinput"),
  camera: () => tryDevice("camera", { video: true }, "videoinput"),
};

/**
 * Open the live connection as the Live page does, and measure how long the first answer takes.
 * @param {Data} data
 * @returns {Promise<string>}
 */
function reachServer(data) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(liveAddress({ key: data.key, lang: data.language }));
    socket.binaryType = "arraybuffer";
    const timer = setTimeout(() => socket.close(), ANSWER_MS);
    socket.onmessage = ({ data: message }) => {
      if (decode(message).header.type !== "hello") return;
      resolve(say("websocket_found", { ms: Math.round(performance.now() - start) }));
      socket.close(1000);
    };
    socket.onclose = ({ code }) => {
      clearTimeout(timer);
      reject(new Error(say(code === TRY_AGAIN_LATER ? "full" : "websocket_mend")));
    };
  });
}

/** @param {string} name @param {MediaStreamConstraints} constraints @param {MediaDeviceKind} kind */
async function tryDevice(name, constraints, kind) {
  const stream = await openMedia(name, constraints);
  const [track] = stream.getTracks();
  track.stop();
  return say("device_found", { name: track.label, count: (await devicesOf(kind, name)).length });
}

/** A check's line on the page. @param {string} name */
function line(name) {
  const element = document.createElement("p");
  element.dataset.testid = `check-${name}`;
  element.dataset.state = "open";
  /** @param {string} mark @param {string} text */
  const show = (mark, text) => {
    element.textContent = `${mark} ${say(`check_${name}`)}${text ? `: ${text}` : ""}`;
  };
  show("○", "");
  return {
    element,
    /** @param {Data} data */
    async run(data) {
      show("…", "");
      try {
        show("✓", await CHECKS[name](data));
        element.dataset.state = "good";
      } catch (error) {
        show("✗", error.message);
        element.dataset.state = "bad";
      }
    },
  };
}

/**
 * Draw the checks; devices are tried on a press, for the browser asks the visitor then.
 * @param {HTMLElement} parent
 * @param {Data} data
 */
export function mount(parent, data) {
  const root = part(parent, ".cla-live");
  if (root.childElementCount) return () => {};
  setTexts(data.texts);
  const list = document.createElement("div");
  list.setAttribute("role", "status");
  const button = document.createElement("button");
  button.textContent = say("try_devices");
  button.dataset.testid = "try-devices";
  root.replaceChildren(list, button);
  const lines = Object.fromEntries(Object.keys(CHECKS).map((name) => [name, line(name)]));
  list.replaceChildren(...Object.values(lines).map(({ element }) => element));
  for (const name of ["secure", "browser", "websocket"]) lines[name].run(data);
  button.onclick = async () => {
    await lines.microphone.run(data);
    await lines.camera.run(data);
  };
  return () => {};
}

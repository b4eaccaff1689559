// Why a microphone or a camera does not work, in a sentence with a remedy.

import { say } from "./texts.js";

const KNOWN = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError"];

/**
 * Open a stream of `navigator.mediaDevices`, or throw an Error with a sentence.
 * @param {string} name
 * @param {MediaStreamConstraints} constraints
 */
export async function openMedia(name, constraints) {
  const device = say(`device_${name}`);
  if (!window.isSecureContext) {
    throw new Error(say("insecure", { device }));
  }
  // Old browsers lack it, whatever the types say.
  if (!(/** @type {MediaDevices | undefined} */ (navigator.mediaDevices)?.getUserMedia)) {
    throw new Error(say("old_browser", { device }));
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw new Error(say(KNOWN.includes(error.name) ? error.name : "failed", { device, reason: error.name }));
  }
}

/**
 * The browser's devices of a kind, as [id, label] pairs.
 * @param {MediaDeviceKind} kind
 * @param {string} name
 * @returns {Promise<[string, string][]>}
 */
export async function devicesOf(kind, name) {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === kind && device.deviceId)
    .map((device, i) => [device.deviceId, device.label || `${say(`device_${name}`)} ${i + 1}`]);
}

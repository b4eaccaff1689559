// Why a microphone or a camera does not work, in a sentence with a remedy.

const REASONS = {
  NotAllowedError: (name) => `The browser refused the ${name}. Allow it in the address bar, then start it again.`,
  NotFoundError: (name) => `No ${name} was found. Connect one, or play a sample.`,
  NotReadableError: (name) => `Another program holds the ${name}. Close that, then start it again.`,
  OverconstrainedError: (name) => `The chosen ${name} is gone. Choose another.`,
};

/** Open a stream of `navigator.mediaDevices`, or throw an Error with a sentence. */
export async function openMedia(name, constraints) {
  if (!window.isSecureContext) {
    throw new Error(`Browsers give the ${name} to secure pages only. Open this page by https:// or as localhost.`);
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(`This browser cannot use a ${name}. Use a current Firefox, Chrome, Edge or Safari.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw new Error(REASONS[error.name]?.(name) ?? `The ${name} failed (${error.name}). Try another.`);
  }
}

/** The browser's devices of a kind, as [id, label] pairs. */
export async function devicesOf(kind, name) {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter((device) => device.kind === kind && device.deviceId)
    .map((device, i) => [device.deviceId, device.label || `${name} ${i + 1}`]);
}

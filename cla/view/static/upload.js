// A file of the visitor's, sent piece by piece.

/** @import { LivePage } from "./main.js" */

import { say } from "./texts.js";

const CHUNK = 64 * 1024;
const MAX_BUFFERED = 1024 * 1024;
const MAX_MB = 50;

/** Send the file that was chosen. @param {LivePage} page @param {HTMLInputElement} input */
export async function sendFile(page, input) {
  const { sources, socket } = page;
  const { task } = sources;
  const file = input.files?.[0];
  if (!file) return;
  // The same file can be chosen again.
  input.value = "";
  page.notice(null);
  if (file.size > MAX_MB * 2 ** 20 || !file.size) {
    page.notice(say("file_size", { name: file.name, size: (file.size / 2 ** 20).toFixed(1), most: MAX_MB }));
    return;
  }
  page.deaf = true;
  sources.stop();
  // A name may hold halves of characters, which no message can.
  sources.name = file.name.replace(/\p{Surrogate}/gu, "\ufffd");
  socket.send({ type: "upload", size_bytes: file.size, name: sources.name, task: task.name });
  const { turn } = sources;
  for (let start = 0; start < file.size; start += CHUNK) {
    while (socket.buffered > MAX_BUFFERED) await new Promise((done) => setTimeout(done, 20));
    const bytes = await file.slice(start, start + CHUNK).arrayBuffer();
    // Another source has begun: it must not be given the rest of this file.
    if (sources.turn !== turn) return;
    socket.sendBytes(bytes);
  }
  if (task.input === "sound") sources.file.play(URL.createObjectURL(file));
}

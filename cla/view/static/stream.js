// What a stream brings: tokens, pictures, gaps; and its beginning.

/** @import { FrameMessage, Tables, TokenMessage } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { fill } from "./controls.js";
import { decimal } from "./format.js";
import { applyChoice } from "./page_settings.js";
import { say } from "./texts.js";
import { fillWindows } from "./windows.js";

/** @param {LivePage} page @param {TokenMessage} header @param {Tables} arrays */
export function takeToken(page, header, arrays) {
  if (header.token === 0) {
    const { fills } = page;
    page.clear();
    if (fills) fillWindows(page);
  }
  // What comes late of a source that was given up is not taken for the next one's.
  if (page.deaf) return;
  if (!page.board.push(header, arrays)) return;
  page.token = header;
  page.arrived = performance.now();
  page.dropped += header.dropped_frames;
  /** @type {Tables[string] | undefined} */
  const attention = arrays[`${header.lanes[0].lane}/attention`];
  offerHeads(page, attention?.shape[1] ?? 0);
  // A live stream that was paused has a gap that everybody knows of.
  if (header.gap_s > 0 && !page.resumed) noticeGap(page, header.gap_s);
  page.resumed = false;
  page.root.dataset.token = String(header.token);
}

/** @param {LivePage} page @param {number} count */
function offerHeads(page, count) {
  const select = page.byId("head");
  if (select.options.length === count + 1) return;
  const heads = Array.from({ length: count }, (_, head) => head + 1);
  fill(select, [[0, say("mean")], ...heads.map((head) => /** @type {[number, number]} */ ([head, head]))]);
  applyChoice(select);
}

/** @param {LivePage} page @param {number} gap in seconds */
function noticeGap(page, gap) {
  const why = page.gapWhy || (page.task?.input === "sound" ? "sound_gap" : "picture_gap");
  page.notice(say(why, { seconds: decimal(gap, 1) }));
  page.gapWhy = "";
}

/** @param {LivePage} page @param {FrameMessage} header @param {Tables} arrays */
export function takeFrame(page, header, arrays) {
  const { camera } = page.sources;
  page.preview.push(header, arrays, camera.running ? camera.answer(header.taken_s) : null);
}

/** A stream begins: nothing of the one before is shown. @param {LivePage} page */
export function clear(page) {
  // What was frozen is gone.
  if (page.board.frozen) page.freeze(false);
  page.board.clear();
  page.preview.reset();
  page.deaf = false;
  page.token = null;
  delete page.root.dataset.token;
  page.dropped = page.sources.camera.dropped = 0;
  page.ended = page.fills = false;
  page.sources.shown = page.sources.name;
}

// What the server says, by its kind: to whom on the page it is handed.

/** @import { Message, Tables } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { putBefore } from "./lane_changes.js";
import { showHeard } from "./landmarks.js";
import { greet } from "./opening.js";
import { showPath } from "./shown_settings.js";
import { takeFrame, takeToken } from "./stream.js";
import { showFilling } from "./windows.js";
import { pastOf } from "./past.js";

/** @param {LivePage} page @param {Message} header @param {Tables} arrays */
export function receive(page, header, arrays) {
  switch (header.type) {
    case "kernels":
      showPath(page.byId("path"), header);
      page.board.comparison.setCompiling(!header.ready && !header.missing);
      break;
    case "hello":
      greet(page, header);
      break;
    case "settings":
      page.show(header, page.lanes);
      break;
    case "lanes":
      // In its place among the tokens: those after it are of these lanes.
      if (page.settings) page.show(page.settings, header.lanes, pastOf(header, arrays));
      showHeard(page, header.heard);
      break;
    case "token":
      takeToken(page, header, arrays);
      break;
    case "sound":
      page.board.track?.sound(header.time_s, arrays.peaks.data);
      if (page.settings?.source === "device") page.sources.showLevel(Math.max(...arrays.peaks.data));
      break;
    case "frame":
      takeFrame(page, header, arrays);
      break;
    case "map":
      page.animation.takeMap(header.lane, arrays);
      break;
    case "fill":
      showFilling(page, header.share);
      putBefore(page.board, pastOf(header, arrays));
      break;
    case "correction":
      page.correcting.take(header);
      break;
    case "recording":
      page.record.take(header);
      break;
    case "notice":
      page.noticeAlso(header.message);
      break;
    case "fault":
      showFilling(page, 1);
      if (page.settings?.source) page.deaf = false;
      else page.sources.refuse();
      page.board.doubt();
      page.notice(`${header.message} ${header.remedy}`);
      break;
    case "ended":
      page.ended = true;
      break;
  }
}

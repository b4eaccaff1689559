// The markup of a clip that is played in step.

/** @import { ClipMessage } from "./types.js" */

import { say } from "./texts.js";

/** The player of a clip: its sound or pictures, the cursor, and the lanes. @param {ClipMessage} header */
export function clipMarkup({ lanes, pictures }) {
  const sections = lanes.map(({ title }, index) => `
    <section class="lane" aria-label="${title}" data-testid="clip-lane-${index}">
      <header><div><h3>${title}</h3></div><output class="label" aria-live="off">–</output></header>
      <canvas role="img" aria-label="${say("lane_alt")}"></canvas>
    </section>`);
  const sound = `<audio controls preload="auto" aria-label="${say("clip_sound")}" data-testid="clip-audio"></audio>`;
  const picture = `<figure class="preview" data-testid="clip-picture">
    <canvas role="img" aria-label="${say("picture_alt")}" width="320" height="240"></canvas>
    <figcaption class="no-hand"></figcaption></figure>`;
  const play = `<button type="button" data-testid="clip-play">${say("play")}</button>`;
  return `
    ${pictures.length ? picture : sound}
    <canvas class="overview" role="img" aria-label="${say("overview_alt")}" data-testid="clip-overview"></canvas>
    <div class="bar" role="group" aria-label="${say("cursor")}">
      ${pictures.length ? play : ""}
      <button type="button" data-testid="clip-back">${say("back")}</button>
      <button type="button" data-testid="clip-forward">${say("forward")}</button>
      <span data-testid="clip-time"></span>
    </div>
    <div class="lanes">${sections.join("")}</div>`;
}

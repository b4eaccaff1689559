// What becomes of the lanes on show when others are asked for: which go on, which change, which join.

/** @import { Lane, Past, Task } from "./types.js" */
/** @import { Board } from "./board.js" */
/** @import { InputTrack } from "./input_track.js" */

import { part } from "./dom.js";
import { laneTitle } from "./lane_controls.js";
import { LanePanel } from "./lane_panel.js";
import { argmax } from "./numbers.js";
import { say } from "./texts.js";

/**
 * For each lane the place among those before that it goes on from, or -1 where it joins.
 *
 * A lane is known by all that it runs. Of those that the server does not say to have joined, one that runs
 * something else goes on in the place of one of its kind: its settings have changed.
 * @param {Lane[]} before
 * @param {Lane[]} lanes
 * @param {(name: string) => boolean} joined
 */
export function goingOn(before, lanes, joined) {
  const places = lanes.map(({ name, text }) => (joined(name) ? -1 : before.findIndex((lane) => lane.text === text)));
  return places.map((place, at) => {
    const changes = place < 0 && !joined(lanes[at].name) && before[at]?.kind === lanes[at].kind && !places.includes(at);
    return changes ? at : place;
  });
}

/** What has changed of a lane, in words. @param {Lane} before @param {Lane} now */
export function changeOf(before, now) {
  const [was, is] = [before, now].map((lane) => laneTitle(lane).split(", "));
  return is.filter((part) => !was.includes(part)).join(", ") || say("lane_changed");
}

/**
 * Put up the panels of these lanes, and mark in all of them what has changed.
 * @param {Board} board
 * @param {Lane[]} lanes
 * @param {Task} task
 * @param {Record<string, Past>} past of lanes that have just joined
 */
export function arrange(board, lanes, task, past) {
  const [before, ran] = [board.inOrder, board.lanes];
  const places = goingOn(ran, lanes, (name) => name in past);
  const panels = places.map((place, at) => before[place] ?? join(board, lanes[at], task, past[lanes[at].name]));
  const gone = ran.filter((_, place) => !places.includes(place)).map((lane) => `− ${laneTitle(lane)}`);
  places.forEach((place, at) => {
    const changed = place >= 0 && ran[place].text !== lanes[at].text && changeOf(ran[place], lanes[at]);
    const notes = place < 0 ? [say("lane_joined")] : changed ? [changed] : gone;
    if (board.drawn >= 0 && ran.length && notes.length) panels[at].view.note(notes.join(", "));
  });
  const chosen = before[board.selected];
  board.panels = new Map(lanes.map(({ name }, at) => [name, panels[at]]));
  board.lanes = lanes;
  const place = part(board.page.root, ".lanes");
  for (const panel of before) if (!panels.includes(panel)) panel.element.remove();
  panels.forEach(({ element }, at) => {
    // One that stands where it should is left alone: it may have the focus.
    if (place.children[at] !== element) place.insertBefore(element, place.children[at] ?? null);
  });
  place.classList.toggle("four", lanes.length === 4);
  board.select(panels.includes(chosen) ? panels.indexOf(chosen) : Math.min(board.selected, lanes.length - 1));
  board.showMaps(board.page.byId("maps").checked);
  board.enlarge(board.zoom);
}

/**
 * The panel of a lane that joins, with its past as far as charts show it; what they do not show yet waits with the rest.
 * @param {Board} board
 * @param {Lane} lane
 * @param {Task} task
 * @param {Past | undefined} past
 */
function join(board, lane, task, past) {
  const track = /** @type {InputTrack} */ (board.track);
  const panel = new LanePanel(lane, task, { track, tip: board.page.tip });
  panel.element.addEventListener("pointerdown", () => board.page.selectLane(board.inOrder.indexOf(panel)));
  panel.view.resize(board.window);
  panel.view.newest = Math.max(board.drawn, 0);
  for (const heard of saidIn(past, board.newest)) {
    if (heard.index <= board.drawn) panel.hear(heard);
    else board.held?.find(({ index }) => index === heard.index)?.heard.push([panel, heard]);
  }
  board.agreement?.join(panel.key, (past?.rows ?? []).map((row) => task.labels[argmax(row)]));
  return panel;
}

/**
 * What a lane would have said, token by token up to the newest.
 * @param {Past | undefined} past
 * @param {number} newest
 */
function saidIn({ rows, events } = { rows: [], events: [] }, newest) {
  const labels = new Map(events);
  return rows.map((probabilities, at) => {
    const age = rows.length - 1 - at;
    return { index: newest - age, probabilities, event: labels.get(age) ?? null };
  });
}

/**
 * Tokens were put before the stream: show what the lanes make of them, before what they have said.
 * @param {Board} board
 * @param {Record<string, Past>} past by the lanes' names
 */
export function putBefore(board, past) {
  for (const [name, before] of Object.entries(past)) board.panels.get(name)?.view.putBefore(saidIn(before, board.newest));
}

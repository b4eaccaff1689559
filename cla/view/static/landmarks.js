// The controls for landmarks: they act on the low-rank lane, and where there are several, on the one that is chosen.

/** @import { Lane, LaneSettings, Task } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { modesOf, withChanged } from "./lane_controls.js";
import { decimal } from "./format.js";
import { say } from "./texts.js";

/** The place of the lane whose landmarks are moved, or -1. @param {Lane[]} lanes @param {number} selected */
export function chosenLane(lanes, selected) {
  return lanes[selected]?.num_landmarks ? selected : lanes.findIndex((lane) => lane.num_landmarks);
}

/**
 * Show the landmarks of that lane; without one the controls stay, and say why they do nothing.
 * @param {Pick<LivePage, "byId" | "followed" | "lanes" | "board">} page
 * @param {Task} task
 */
export function showLandmarks({ byId, followed, lanes, board }, task) {
  const at = chosenLane(lanes, board.selected);
  const lane = lanes[at];
  const count = lane?.num_landmarks ?? null;
  const several = lanes.filter((each) => each.num_landmarks).length > 1;
  if (followed.put(byId("landmarks"), count === null ? -1 : task.landmark_counts.indexOf(count))) {
    byId("landmarks-value").textContent = several ? say("of_lane", { count: count ?? "", lane: at + 1 }) : String(count ?? "");
  }
  followed.put(byId("mode"), lane?.landmark_mode ?? "fixed");
  byId("landmarks").disabled = !lane;
  byId("mode").disabled = !lane || modesOf(lane).length < 2;
  byId("landmarks").title = lane ? "" : say("no_landmarks");
}

/**
 * Give that lane other landmarks.
 * @param {Pick<LivePage, "lanes" | "board" | "socket" | "sendLanes">} page
 * @param {Partial<LaneSettings>} moved
 */
export function moveLandmarks({ lanes, board, socket, sendLanes }, moved) {
  const at = chosenLane(lanes, board.selected);
  if (at < 0) return;
  if (lanes.filter((lane) => lane.num_landmarks).length > 1) sendLanes(withChanged(lanes, at, moved));
  else if (moved.num_landmarks) socket.send({ type: "landmarks", num_landmarks: moved.num_landmarks });
  else socket.send({ type: "landmark_mode", mode: moved.landmark_mode });
}

/**
 * Show to how many tokens of the stream fixed landmarks are fitted, and mark where that changed.
 * @param {Pick<LivePage, "byId" | "lanes" | "board" | "task">} page
 * @param {number} heard 0 for the task's own
 */
export function showHeard({ byId, lanes, board, task }, heard) {
  const button = byId("heard");
  const before = Number(button.dataset.heard);
  button.dataset.heard = String(heard);
  button.setAttribute("aria-pressed", String(heard > 0));
  if (before === heard || !task) return;
  const told = heard ? say("heard_done", { seconds: decimal(heard * task.hop_s, 0) }) : say("heard_undone");
  lanes.forEach((lane, at) => {
    if (lane.num_landmarks && lane.landmark_mode === "fixed") board.inOrder[at]?.view.note(told);
  });
}

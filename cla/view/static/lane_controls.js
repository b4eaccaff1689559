// What each lane runs: its attention, landmarks and window; lanes come and go while the stream goes on.

import { fill } from "./controls.js";
import { say } from "./texts.js";

const KINDS = ["full", "continual", "nystrom", "continual_nystrom"];
const FEWEST = 2;
const MOST = 4;
const DEFAULT_LANDMARKS = 16;

const lowRank = ({ kind }) => kind.includes("nystrom");

/** The markup of one lane's controls. */
export const laneMarkup = () => `
  <div class="bar lane-controls" role="group" aria-label="${say("lane_runs")}">
    <select data-lane="kind" aria-label="${say("attention")}"></select>
    <label data-low-rank>M <select data-lane="num_landmarks" aria-label="${say("landmarks")}"></select></label>
    <select data-lane="landmark_mode" aria-label="${say("mode_label")}"></select>
    <label>N <select data-lane="window" aria-label="${say("window")}"></select></label>
    <button type="button" data-lane="remove" aria-label="${say("remove_lane")}" title="${say("remove_lane")}">✕</button>
  </div>`;

/** A lane in words. */
export const laneTitle = ({ kind, num_landmarks: marks, landmark_mode: mode, window }) => [
  say(`lane_${kind}`),
  marks && `M = ${marks}`,
  kind === "continual_nystrom" && say(mode),
  window && `N = ${window}`,
].filter(Boolean).join(", ");

/** Only what the server knows of a lane, made to fit: landmarks where there are some, and of a kind it has. */
function laneOf({ kind, num_landmarks: marks, landmark_mode: mode, window }) {
  return {
    kind,
    num_landmarks: lowRank({ kind }) ? (marks ?? DEFAULT_LANDMARKS) : null,
    landmark_mode: kind === "nystrom" ? "continual" : mode,
    window,
  };
}

const written = (lanes) =>
  lanes.map((lane) => [lane.kind, lane.num_landmarks ?? "", lane.landmark_mode, lane.window ?? ""].join(":")).join(",");
const DEFAULT_LANES = "full::fixed:,continual_nystrom:16:fixed:";

/** Keep the lanes in the address, unless they are those of a page without any there. */
export function writeLanes(lanes) {
  const url = new URL(location.href);
  url.searchParams.set("lanes", written(lanes));
  if (written(lanes) === DEFAULT_LANES) url.searchParams.delete("lanes");
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/** The lanes that an address asks for. */
export const readLanes = (text) => text.split(",").map((part) => {
  const [kind, marks, mode, window] = part.split(":");
  return laneOf({
    kind,
    num_landmarks: marks ? Number(marks) : null,
    landmark_mode: mode || "fixed",
    window: window ? Number(window) : null,
  });
});

/** Fill one lane's controls with what it runs, and call `onChange(lanes)` with all lanes when one is moved. */
export function showLane(element, lanes, index, task, onChange) {
  const lane = lanes[index];
  const find = (name) => element.querySelector(`[data-lane="${name}"]`);
  const windows = [task.window, ...[0.5, 0.25, 0.125].map((share) => Math.round(task.window * share))];
  fill(find("kind"), KINDS.map((kind) => [kind, say(`lane_${kind}`)]));
  fill(find("num_landmarks"), task.landmark_counts.map((count) => [count, count]));
  fill(find("landmark_mode"), ["fixed", "continual"].map((mode) => [mode, say(mode)]));
  fill(find("window"), windows.map((window) => [window, window]));
  find("kind").value = lane.kind;
  find("num_landmarks").value = lane.num_landmarks ?? DEFAULT_LANDMARKS;
  find("landmark_mode").value = lane.landmark_mode;
  find("window").value = lane.window ?? task.window;
  element.querySelector("[data-low-rank]").hidden = !lowRank(lane);
  find("landmark_mode").hidden = lane.kind !== "continual_nystrom";
  find("remove").hidden = lanes.length <= FEWEST;
  const change = (part) => onChange(lanes.map((each, i) => laneOf(i === index ? { ...each, ...part } : each)));
  find("kind").onchange = (event) => change({ kind: event.target.value });
  find("num_landmarks").onchange = (event) => change({ num_landmarks: Number(event.target.value) });
  find("landmark_mode").onchange = (event) => change({ landmark_mode: event.target.value });
  find("window").onchange = (event) => change({ window: Number(event.target.value) });
  find("remove").onclick = () => onChange(lanes.filter((_, i) => i !== index).map(laneOf));
}

/** The lanes with one more, which differs from the others, or null where there is no more place. */
export function oneMore(lanes, task) {
  if (lanes.length >= MOST) return null;
  const same = (a, b) => ["kind", "num_landmarks", "landmark_mode"].every((part) => a[part] === b[part]);
  const candidates = [
    laneOf({ kind: "continual_nystrom", num_landmarks: DEFAULT_LANDMARKS, landmark_mode: "continual", window: null }),
    ...[...task.landmark_counts].map((count) => laneOf({ kind: "continual_nystrom", num_landmarks: count, landmark_mode: "fixed", window: null })),
  ];
  const next = candidates.find((candidate) => !lanes.some((lane) => same(lane, candidate)));
  return [...lanes.map(laneOf), next];
}

// What each lane runs: its attention, landmarks and window; lanes come and go while the stream goes on.

import { writeAddress } from "./address.js";
import { fill } from "./controls.js";
import { say } from "./texts.js";

const FEWEST = 2;
const MOST = 4;
const DEFAULT_LANDMARKS = 16;

/** The attention kinds that the server knows: their landmark modes by name. */
let kinds = new Map();

/** Offer these kinds from now on: [{name, modes}]. */
export function setKinds(known) {
  kinds = new Map(known.map(({ name, modes }) => [name, modes]));
}

const modesOf = ({ kind }) => kinds.get(kind) ?? [];
const lowRank = (lane) => modesOf(lane).length > 0;

/** The markup of one lane's controls. */
export const laneMarkup = () => `
  <div class="bar lane-controls" role="group" aria-label="${say("lane_runs")}">
    <select data-lane="kind" aria-label="${say("attention")}"></select>
    <label data-low-rank>M <select data-lane="num_landmarks" aria-label="${say("landmarks")}"></select></label>
    <select data-lane="landmark_mode" aria-label="${say("mode_label")}"></select>
    <label>N <select data-lane="window" aria-label="${say("window")}"></select></label>
    <label title="${say("layers_help")}">L <select data-lane="num_layers" aria-label="${say("layers")}"></select></label>
    <button type="button" data-lane="remove" aria-label="${say("remove_lane")}" title="${say("remove_lane")}">✕</button>
  </div>`;

/** A lane in words. */
export const laneTitle = ({ kind, num_landmarks: marks, landmark_mode: mode, window, num_layers: layers }) => [
  say(`lane_${kind}`),
  marks && `M = ${marks}`,
  modesOf({ kind }).length > 1 && say(mode),
  window && `N = ${window}`,
  layers && `L = ${layers}`,
].filter(Boolean).join(", ");

/** Only what the server knows of a lane, with landmarks where its kind has some. */
function laneOf({ kind, num_landmarks: marks, landmark_mode: mode, window, num_layers: layers }) {
  return {
    kind,
    num_landmarks: lowRank({ kind }) ? (marks ?? DEFAULT_LANDMARKS) : null,
    landmark_mode: mode,
    window,
    num_layers: layers,
  };
}

const written = (lanes) => lanes.map(({ kind, num_landmarks: marks, landmark_mode: mode, window, num_layers: layers }) =>
  [kind, marks ?? "", mode, window ?? "", layers ?? ""].join(":").replace(/:+$/, "")).join(",");
const DEFAULT_LANES = "full::fixed,continual_nystrom:16:fixed";

/** Keep the lanes in the address, unless they are those of a page without any there. */
export const writeLanes = (lanes) => writeAddress("lanes", written(lanes), DEFAULT_LANES);

/** The lanes that an address asks for. */
export const readLanes = (text) => text.split(",").map((part) => {
  const [kind, marks, mode, window, layers] = part.split(":");
  return laneOf({
    kind,
    num_landmarks: marks ? Number(marks) : null,
    landmark_mode: mode || "fixed",
    window: window ? Number(window) : null,
    num_layers: layers ? Number(layers) : null,
  });
});

/** Fill one lane's controls with what it runs, and call `onChange(lanes)` with all lanes when one is moved. */
export function showLane(element, lanes, index, task, onChange) {
  const lane = lanes[index];
  const find = (name) => element.querySelector(`[data-lane="${name}"]`);
  const windows = [task.window, ...[0.5, 0.25, 0.125].map((share) => Math.round(task.window * share))];
  fill(find("kind"), [...kinds.keys()].map((kind) => [kind, say(`lane_${kind}`)]));
  fill(find("num_landmarks"), task.landmark_counts.map((count) => [count, count]));
  fill(find("landmark_mode"), modesOf(lane).map((mode) => [mode, say(mode)]));
  fill(find("window"), windows.map((window) => [window, window]));
  fill(find("num_layers"), Array.from({ length: task.num_layers }, (_, below) => [task.num_layers - below, task.num_layers - below]));
  find("kind").value = lane.kind;
  find("num_landmarks").value = lane.num_landmarks ?? DEFAULT_LANDMARKS;
  find("landmark_mode").value = lane.landmark_mode;
  find("window").value = lane.window ?? task.window;
  find("num_layers").value = lane.num_layers ?? task.num_layers;
  // Weights of one layer leave nothing to choose; the word beside it says so.
  find("num_layers").disabled = task.num_layers < 2;
  element.querySelector("[data-low-rank]").hidden = !lowRank(lane);
  find("landmark_mode").hidden = modesOf(lane).length < 2;
  find("remove").hidden = lanes.length <= FEWEST;
  const change = (part) => onChange(lanes.map((each, i) => laneOf(i === index ? { ...each, ...part } : each)));
  find("kind").onchange = (event) => change({ kind: event.target.value });
  find("num_landmarks").onchange = (event) => change({ num_landmarks: Number(event.target.value) });
  find("landmark_mode").onchange = (event) => change({ landmark_mode: event.target.value });
  const orAll = (value, all) => (Number(value) === all ? null : Number(value));
  find("window").onchange = (event) => change({ window: orAll(event.target.value, task.window) });
  find("num_layers").onchange = (event) => change({ num_layers: orAll(event.target.value, task.num_layers) });
  find("remove").onclick = () => onChange(withoutLane(lanes, index));
}

/** The lanes without one, or null where all that are left are needed. */
export const withoutLane = (lanes, index) =>
  (lanes.length > FEWEST && index < lanes.length ? lanes.filter((_, i) => i !== index).map(laneOf) : null);

/** The lanes with one more, which differs from the others, or null where there is no more place. */
export function oneMore(lanes, task) {
  if (lanes.length >= MOST) return null;
  const same = (a, b) => ["kind", "num_landmarks", "landmark_mode"].every((part) => a[part] === b[part]);
  const candidates = [
    laneOf({ kind: "continual_nystrom", num_landmarks: DEFAULT_LANDMARKS, landmark_mode: "continual", window: null, num_layers: null }),
    ...[...task.landmark_counts].map((count) => laneOf({ kind: "continual_nystrom", num_landmarks: count, landmark_mode: "fixed", window: null, num_layers: null })),
  ];
  const next = candidates.find((candidate) => !lanes.some((lane) => same(lane, candidate)));
  return [...lanes.map(laneOf), next];
}

// What each lane runs: its attention, landmarks and window; lanes come and go while the stream goes on.

/** @import { Kind, Lane, LaneDefaults, LaneSettings, Task } from "./types.js" */

import { writeAddress } from "./address.js";
import { fill } from "./controls.js";
import { part } from "./dom.js";
import { say } from "./texts.js";

const FEWEST = 2;
const MOST = 4;

/**
 * The attention kinds that the server knows: their landmark modes by name.
 * @type {Map<string, readonly string[]>}
 */
let kinds = new Map();

/**
 * What lanes run where nobody has said.
 * @type {LaneDefaults}
 */
let defaults = { lanes: "", more: "", exact: "", landmarks: 1 };

/** Offer these kinds from now on. @param {Kind[]} known @param {LaneDefaults} chosen */
export function setKinds(known, chosen) {
  kinds = new Map(known.map(({ name, modes }) => [name, modes]));
  defaults = chosen;
}

/** The landmark modes that a lane can have. @param {{kind: string}} lane */
export const modesOf = ({ kind }) => kinds.get(kind) ?? [];
/** @param {{kind: string}} lane */
const lowRank = (lane) => modesOf(lane).length > 0;

/** The markup of one lane's controls. */
export const laneMarkup = () => `
  <div class="bar lane-controls" role="group" aria-label="${say("lane_runs")}">
    <select data-lane="kind" aria-label="${say("attention")}"></select>
    <label data-low-rank>${say("landmarks")} <select data-lane="num_landmarks" aria-label="${say("landmarks")}"></select></label>
    <select data-lane="landmark_mode" aria-label="${say("mode_label")}"></select>
    <label>${say("window_all")} <select data-lane="window" aria-label="${say("window")}"></select></label>
    <label title="${say("layers_help")}" data-layers>${say("layers")} <select data-lane="num_layers" aria-label="${say("layers")}"></select></label>
    <button type="button" data-lane="remove" aria-label="${say("remove_lane")}" title="${say("remove_lane")}">✕</button>
  </div>`;

/** A lane in words. @param {LaneSettings} lane */
export const laneTitle = ({ kind, num_landmarks: marks, landmark_mode: mode, window, num_layers: layers }) => [
  say(`lane_${kind}`),
  marks && say("title_landmarks", { count: marks }),
  modesOf({ kind }).length > 1 && say(mode),
  window && say("title_window", { window }),
  layers && say("title_layers", { layers }),
].filter(Boolean).join(", ");

/**
 * Only what the server knows of a lane, with landmarks where its kind has some.
 * @param {LaneSettings} lane
 * @returns {LaneSettings}
 */
function laneOf({ kind, num_landmarks: marks, landmark_mode: mode, window, num_layers: layers }) {
  return {
    kind,
    num_landmarks: lowRank({ kind }) ? (marks ?? defaults.landmarks) : null,
    landmark_mode: mode,
    window,
    num_layers: layers,
  };
}


/**
 * Keep the lanes in the address, unless they are those of a page without any there.
 * @param {Lane[]} lanes
 */
export const writeLanes = (lanes) => writeAddress("lanes", lanes.map(({ text }) => text).join(","), defaults.lanes);

/**
 * Numbers to choose from, with what a lane has of its own.
 * @param {number[]} values
 * @param {number | null} own
 * @returns {[number, number][]}
 */
const offered = (values, own) => [...new Set(own === null ? values : [...values, own])].map((value) => [value, value]);

/**
 * Fill one lane's controls with what it runs.
 * @param {HTMLElement} element
 * @param {Lane[]} lanes
 * @param {number} index
 * @param {Task} task
 * @param {(lanes: LaneSettings[]) => void} onChange told of all lanes when a control of this one is moved
 */
export function showLane(element, lanes, index, task, onChange) {
  const lane = lanes[index];
  /** @param {keyof LaneSettings} name @returns {HTMLSelectElement} */
  const find = (name) => part(element, `[data-lane="${name}"]`);
  const remove = part(element, "[data-lane=remove]");
  const windows = [task.window, ...[0.5, 0.25, 0.125].map((share) => Math.round(task.window * share))];
  fill(find("kind"), [...kinds.keys()].map((kind) => [kind, say(`lane_${kind}`)]));
  fill(find("num_landmarks"), offered(task.landmark_counts, lane.num_landmarks));
  fill(find("landmark_mode"), modesOf(lane).map((mode) => [mode, say(mode)]));
  fill(find("window"), offered(windows, lane.window));
  fill(find("num_layers"), Array.from({ length: task.num_layers }, (_, below) => [task.num_layers - below, task.num_layers - below]));
  find("kind").value = lane.kind;
  find("num_landmarks").value = String(lane.num_landmarks ?? defaults.landmarks);
  find("landmark_mode").value = lane.landmark_mode;
  find("window").value = String(lane.window ?? task.window);
  find("num_layers").value = String(lane.num_layers ?? task.num_layers);
  // Weights of one layer leave nothing to choose.
  part(element, "[data-layers]").hidden = task.num_layers < 2;
  part(element, "[data-low-rank]").hidden = !lowRank(lane);
  find("landmark_mode").hidden = modesOf(lane).length < 2;
  remove.hidden = lanes.length <= FEWEST;
  /** @param {keyof LaneSettings} name @param {(value: string) => Partial<LaneSettings>} changed */
  const listen = (name, changed) => {
    const select = find(name);
    select.onchange = () => {
      onChange(withChanged(lanes, index, changed(select.value)));
    };
  };
  /** @param {string} value @param {number} all */
  const orAll = (value, all) => (Number(value) === all ? null : Number(value));
  listen("kind", (kind) => ({ kind }));
  listen("num_landmarks", (count) => ({ num_landmarks: Number(count) }));
  listen("landmark_mode", (mode) => ({ landmark_mode: mode }));
  listen("window", (window) => ({ window: orAll(window, task.window) }));
  listen("num_layers", (layers) => ({ num_layers: orAll(layers, task.num_layers) }));
  remove.onclick = () => {
    const left = withoutLane(lanes, index);
    if (left) onChange(left);
  };
}

/**
 * The lanes, one of them changed.
 * @param {LaneSettings[]} lanes
 * @param {number} index
 * @param {Partial<LaneSettings>} changed
 */
export const withChanged = (lanes, index, changed) =>
  lanes.map((lane, i) => laneOf(i === index ? { ...lane, ...changed } : lane));

/**
 * The lanes without one, or null where all that are left are needed.
 * @param {LaneSettings[]} lanes
 * @param {number} index
 */
export const withoutLane = (lanes, index) =>
  (lanes.length > FEWEST && index < lanes.length ? lanes.filter((_, i) => i !== index).map(laneOf) : null);

/**
 * The lanes with exact continual attention, or null where it is there, or where there is no more place.
 * @param {LaneSettings[]} lanes
 */
export function withExact(lanes) {
  if (lanes.length >= MOST || lanes.some(({ kind }) => kind === defaults.exact)) return null;
  const [{ window }] = lanes;
  return [...lanes.map(laneOf), laneOf({ kind: defaults.exact, num_landmarks: null, landmark_mode: "fixed", window, num_layers: null })];
}

/**
 * The lanes with one more, which differs from the others, or null where there is no more place.
 * @param {LaneSettings[]} lanes
 * @param {Task} task
 */
export function oneMore(lanes, task) {
  if (lanes.length >= MOST) return null;
  /** @param {LaneSettings} a @param {LaneSettings} b */
  const same = (a, b) => a.kind === b.kind && a.num_landmarks === b.num_landmarks && a.landmark_mode === b.landmark_mode;
  const candidates = [
    laneOf({ kind: defaults.more, num_landmarks: defaults.landmarks, landmark_mode: "continual", window: null, num_layers: null }),
    ...[...task.landmark_counts].map((count) => laneOf({ kind: defaults.more, num_landmarks: count, landmark_mode: "fixed", window: null, num_layers: null })),
  ];
  const next = candidates.find((candidate) => !lanes.some((lane) => same(lane, candidate)));
  return next ? [...lanes.map(laneOf), next] : null;
}

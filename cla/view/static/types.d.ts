// What the server says to a page, and what its scripts hand each other: for the type checker, never loaded.

import type { themeOf } from "./colors.js";

/** A packet of the microphone, and its largest sample. */
export interface Heard {
  packet: ArrayBuffer;
  peak: number;
}

/** An array of a message, row by row. */
export interface Table {
  data: Float32Array;
  shape: number[];
}

export type Tables = Record<string, Table>;

/** The attention of a lane: what its controls, the address and the message `lanes` hold. */
export interface LaneSettings {
  kind: string;
  num_landmarks: number | null;
  landmark_mode: string;
  window: number | null;
  num_layers: number | null;
}

/** A lane that runs, with its operations by formula. */
export interface Lane extends LaneSettings {
  name: string;
  /** All that it runs, as addresses and the command line write it. */
  text: string;
  average: number | null;
  published: number | null;
  /** Operations of exact continual attention over the same window. */
  exact: number;
  /** The window from which on the lane needs fewer, where there is one. */
  crossing: number | null;
  /** `average` over windows: [window, operations]. */
  curve: [number, number][];
}

/** Two lanes by their places, from 0. */
export type Pair = [number, number];

/** Lanes of an address without any, the kinds of one more lane and of exact continual attention, and a number of landmarks. */
export interface LaneDefaults {
  lanes: string;
  more: string;
  exact: string;
  landmarks: number;
}

export interface Kind {
  name: string;
  modes: readonly string[];
}

export type Medium = "sound" | "video";

export interface SampleClip {
  name: string;
  title: string;
  file: string;
}

/** The share of events found, and how many are wrong, where labels are events from a probability on. */
export interface OperatingPoint {
  enter: number;
  found: number;
  false_per_minute: number;
}

export interface Task {
  name: string;
  title: string;
  input: Medium;
  /** It reads tables of joints, which a camera's pictures do not hold. */
  joints: boolean;
  labels: string[];
  window: number;
  num_layers: number;
  hop_s: number;
  /** Multiply-adds of a token's features, and if nothing were kept of earlier ones. */
  features: { token: number; anew: number } | null;
  landmark_counts: number[];
  /** From which probability on a label is an event, and what was measured at others. */
  enter: number;
  sensitivity: OperatingPoint[];
  clips: SampleClip[];
  /** Why it cannot run, else empty. */
  problem: string;
  /** The name in the address of a task of the visitor's own. */
  address?: string;
}

/** What a page is told on connecting, beside the settings. */
export interface Greeting {
  type: "hello";
  /** With which the page comes back to its session. */
  key: string;
  device: string;
  device_note: string;
  bones: Pair[];
  tasks: Task[];
  records: boolean;
  /** Devices of the server's machine, for a page on it. */
  local: LocalDevices | null;
}

export interface LocalDevices {
  microphones: { index: number; name: string }[];
  cameras: { index: number; name: string }[];
  no_microphone: string;
  no_camera: string;
}

/** What the server plays, and how. */
export interface Settings {
  source: string | null;
  task: string;
  paused: boolean;
  fast: boolean;
  /** From which probability on a label is an event; null is the task's own. */
  enter: number | null;
  recorded_s: number | null;
  num_landmarks: number | null;
  landmark_mode: string | null;
  /** Tokens of the longest of the lanes' windows. */
  window: number;
  /** How far back the session keeps its tokens, from which windows of any length are made, and their memory when full. */
  history_s: number;
  history_bytes: number;
  device_name?: string;
}

export interface LaneEvent {
  label: string;
  time_s: number;
  probability: number;
}

/** A lane's part of a token; its arrays are `<lane>/probabilities`, `/attention` and `/stretches`. */
export interface LaneRecord {
  lane: string;
  label: string;
  probability: number;
  valid_tokens: number;
  compute_ms: number;
  /** Of what is shown, the attention rows; not part of `compute_ms`. */
  showing_ms: number;
  ops: number | null;
  total_ops: number | null;
  rebuilds: number;
  state_bytes: number;
  event: LaneEvent | null;
  /** False where the lane had no answer for this token: the rest repeats its last one. Else left out. */
  answered?: false;
  /** The lane takes every token in and answers one of so many; left out where it answers all. */
  reads_every?: number;
  /** So many tokens ago came the one that is answered; left out where it is this one. */
  age?: number;
}

export interface TokenMessage {
  type: "token";
  token: number;
  time_s: number;
  queue_ms: number;
  behind_s: number;
  gap_s: number;
  dropped_frames: number;
  lanes: LaneRecord[];
}

/** A picture that was worked on; the points of its hands are arrays `hand/<i>`. */
export interface FrameMessage {
  type: "frame";
  time_s: number;
  taken_s: number;
  hands: { handedness: string; presence: number }[];
  /** JPEG in base64, where the page has no picture of its own. */
  picture: string | null;
}

export interface RecordingMessage {
  type: "recording";
  name: string;
  running: boolean;
  duration_s: number;
  /** Why it ended, where nobody asked for that: key and values of the error, and in words. */
  key: string;
  values: Record<string, string | number | null>;
  message: string;
  remedy: string;
}

/** The lanes of the tokens from here on; of one that joins the array `<lane>/past`, probabilities of the newest tokens. */
export interface LanesMessage {
  type: "lanes";
  lanes: Lane[];
  /** What those that join would have recognized: how many tokens ago, and the label. */
  past: Record<string, [number, string][]>;
  /** To how many tokens of the stream fixed landmarks are fitted; 0 for the task's own. */
  heard: number;
}

/** What a lane would have said of the newest tokens: probabilities, the newest last, and its events. */
export interface Past {
  rows: Float32Array[];
  events: [number, string][];
}

/** Loudness of 10 ms each, up to a media time: the array `peaks`. */
export interface SoundMessage {
  type: "sound";
  time_s: number;
}

/** A lane's whole attention: the array `attention`, or the factors `beta`, `gamma_inv` and `delta`. */
export interface MapMessage {
  type: "map";
  lane: string;
}

/** How far the tokens are that are to be put before the stream; at 1 they are there, and what all lanes make of them. */
export interface FillMessage {
  type: "fill";
  share: number;
  past: LanesMessage["past"];
}

/** Tokens that were taken as an example of a label, by its place among the labels. */
export interface CorrectionMessage {
  type: "correction";
  label: number;
  /** The last of them. */
  token: number;
  tokens: number;
}

export interface NoticeMessage {
  type: "notice";
  message: string;
}

export interface FaultMessage {
  type: "fault";
  key: string;
  values: Record<string, string | number | null>;
  /** What happened and what helps, in the language of the page. */
  message: string;
  remedy: string;
  fatal: boolean;
}

export interface KernelsMessage {
  type: "kernels";
  ready: boolean;
  missing: boolean;
  /** How much is compiled; null while that is not known. */
  share: number | null;
}

export type Hello = Greeting & Settings & { lanes: Lane[]; heard: number };

export type Message =
  | Hello
  | ({ type: "settings" } & Settings)
  | LanesMessage
  | TokenMessage
  | SoundMessage
  | FrameMessage
  | MapMessage
  | RecordingMessage
  | FillMessage
  | CorrectionMessage
  | NoticeMessage
  | FaultMessage
  | KernelsMessage
  | { type: "ended" }
  | ClipMessage;

/** A clip that was analyzed: arrays `sound`, and of lane i `<i>/probabilities`, `/attention`, `/stretches`. */
export interface ClipMessage {
  type: "clip";
  id: string;
  labels: string[];
  window: number;
  hop_s: number;
  texts: Record<string, string>;
  language: string;
  pictures: { time_s: number; jpeg: string; hands: { handedness: string; points: number[] }[] }[];
  bones: Pair[];
  /** Label, start and end in seconds. */
  words: [string, number, number][];
  /** Events are label and token. */
  lanes: { title: string; events: [string, number][] }[];
}

/** How a system is drawn. */
export interface Look {
  kind: string;
  mode: string;
  color: string;
  dash: string;
  symbol: string;
}

/** What the Live page gives its scripts. */
export interface LiveData {
  key: string;
  language: string;
  texts: Record<string, string>;
  endings: Record<Medium, string[]>;
  systems: Look[];
  kinds: Kind[];
  lane_defaults: LaneDefaults;
  /** The sample of a first visit; it begins with its windows full of itself. */
  opening: string;
}

export type Theme = ReturnType<typeof themeOf>;

/** A picture that can be drawn and has a size. */
export type Picture = HTMLImageElement | HTMLCanvasElement | ImageBitmap;

export interface Hand {
  handedness: string;
  points: ArrayLike<number>;
}

/** Which attention is drawn: `head` -1 is the mean of all. */
export interface Choice {
  head: number;
  layer: number;
  mirrored?: boolean;
  fixed?: boolean;
}

/** The time axis of a chart: `left(index)` is where a token begins. */
export interface Axis {
  newest: number;
  left: (index: number) => number;
  step: number;
}

/** What charts show the value under the pointer of. */
export type TextAt = (x: number, y: number) => string | null;

/** The page's controls by their test ids. */
export interface Controls {
  clip: HTMLSelectElement;
  device: HTMLSelectElement;
  mode: HTMLSelectElement;
  layer: HTMLSelectElement;
  head: HTMLSelectElement;
  upload: HTMLInputElement;
  sound: HTMLInputElement;
  fast: HTMLInputElement;
  landmarks: HTMLInputElement;
  sensitivity: HTMLInputElement;
  maps: HTMLInputElement;
  play: HTMLButtonElement;
  microphone: HTMLButtonElement;
  camera: HTMLButtonElement;
  pause: HTMLButtonElement;
  step: HTMLButtonElement;
  reset: HTMLButtonElement;
  record: HTMLButtonElement;
  freeze: HTMLButtonElement;
  help: HTMLButtonElement;
  what: HTMLButtonElement;
  explanation: HTMLElement;
  pointers: HTMLElement;
  wrong: HTMLButtonElement;
  heard: HTMLButtonElement;
  correct: HTMLElement;
  more: HTMLButtonElement;
  present: HTMLButtonElement;
  thaw: HTMLButtonElement;
  frozen: HTMLElement;
  "present-end": HTMLButtonElement;
  "hint-close": HTMLButtonElement;
  "notice-close": HTMLButtonElement;
  "add-lane": HTMLButtonElement;
  clock: HTMLDetailsElement;
  pairs: HTMLElement;
  "clock-chart": HTMLCanvasElement;
  difference: HTMLDetailsElement;
  telemetry: HTMLDetailsElement;
  tasks: HTMLElement;
  "idle-tasks": HTMLElement;
  settings: HTMLElement;
  time: HTMLElement;
  preflight: HTMLElement;
  preview: HTMLElement;
  "landmarks-value": HTMLElement;
  "sensitivity-value": HTMLElement;
  "key-help": HTMLElement;
  "first-hint": HTMLElement;
  notice: HTMLElement;
  summary: HTMLElement;
  winner: HTMLElement;
  totals: HTMLCanvasElement;
  "add-exact": HTMLButtonElement;
  "try-window": HTMLButtonElement;
  fill: HTMLButtonElement;
  window: HTMLInputElement;
  "window-value": HTMLElement;
  path: HTMLElement;
  "difference-view": HTMLElement;
  "telemetry-table": HTMLElement;
  announcer: HTMLElement;
  foot: HTMLElement;
}

export type ById = <Id extends keyof Controls>(id: Id) => Controls[Id];

declare global {
  // What there is in an audio worklet alone.
  const sampleRate: number;
  class AudioWorkletProcessor {
    readonly port: MessagePort;
  }
  function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
}

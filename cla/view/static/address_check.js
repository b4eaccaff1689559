// What the address asks for and the page does not know: told, not ignored.

/** @import { Task } from "./types.js" */

import { say, sayOr } from "./texts.js";

const KNOWN = [
  "lang", "task", "clip", "lanes", "enter", "more", "sound", "fast", "maps", "head", "layer", "difference", "telemetry", "pair",
  "embed", "embed_options",
];
/** Classes of a visitor's own that have gone, which the page around says. */
const OWN = "own-";

/** Sentences on what is unknown, or nothing. @param {Task[]} tasks */
export function unknownInAddress(tasks) {
  const asked = [...new URL(location.href).searchParams];
  /** @type {Record<string, (value: string) => boolean>} */
  const valid = {
    task: (value) => value.startsWith(OWN) || tasks.some(({ name, address }) => [name, address].includes(value)),
    clip: (value) => tasks.some(({ clips }) => clips.some(({ name }) => name === value)),
    enter: (value) => Number(value) > 0 && Number(value) <= 1,
  };
  const unknown = asked.filter(([name, value]) => !KNOWN.includes(name) || valid[name]?.(value) === false);
  const idle = tasks.filter(({ name, problem }) => problem && asked.some(([key, value]) => key === "task" && value === name));
  return [
    ...(unknown.length ? [say("unknown_in_address", { what: unknown.map((pair) => pair.join("=")).join(", ") })] : []),
    ...idle.map(({ name, title, problem }) => `${sayOr(`task_${name}`, title)}: ${problem}`),
  ].join(" ");
}

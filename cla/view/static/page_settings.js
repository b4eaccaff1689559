// The page's own controls, kept in its address: what is drawn, not what the server runs.

/** @import { ById, Pair } from "./types.js" */

import { readAddress, writeAddress } from "./address.js";

const CHECKS = /** @type {const} */ (["sound", "fast", "maps"]);
const CHOICES = /** @type {const} */ ([["head", "0"], ["layer", "1"]]);
// Which of them are open where the address does not say.
const PANELS = /** @type {const} */ ([["clock", 1], ["difference", 0], ["telemetry", 0]]);

/** Set the controls as the address says, and keep it up to date as they move. @param {ById} byId */
export function bindSettings(byId) {
  for (const id of CHECKS) {
    const check = byId(id);
    check.checked = readAddress(id) === "1";
    check.addEventListener("change", () => writeAddress(id, Number(check.checked), 0));
  }
  for (const [id, initial] of CHOICES) {
    const select = byId(id);
    select.addEventListener("change", () => writeAddress(id, select.value, initial));
  }
  for (const [id, usual] of PANELS) {
    const panel = byId(id);
    panel.open = (readAddress(id) ?? String(usual)) === "1";
    panel.addEventListener("toggle", () => writeAddress(id, Number(panel.open), usual));
  }
}

/**
 * Let a select that has just got its options show what the address says.
 * @param {HTMLSelectElement} select
 */
export function applyChoice(select) {
  const wished = readAddress(select.dataset.testid ?? "");
  for (const { value } of select.options) if (value === wished) select.value = value;
}

/** The two lanes that are compared; in the address they count from 1. @returns {Pair} */
export function readPair() {
  const [, first, second] = readAddress("pair")?.match(/^([1-4])-([1-4])$/) ?? [];
  // A lane beside itself says nothing.
  return first === second ? [0, 1] : [Number(first) - 1, Number(second) - 1];
}

/** @param {Pair} pair */
export const writePair = ([a, b]) => writeAddress("pair", `${a + 1}-${b + 1}`, "1-2");

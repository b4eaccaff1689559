// The page's own controls, kept in its address: what is drawn, not what the server runs.

import { readAddress, writeAddress } from "./address.js";

const CHECKS = ["sound", "fast", "maps"];
const CHOICES = { head: "0", layer: "1" };
const PANELS = ["difference", "telemetry"];

/** Set the controls as the address says, and keep it up to date as they move. */
export function bindSettings(byId) {
  for (const id of CHECKS) {
    const check = byId(id);
    check.checked = readAddress(id) === "1";
    check.addEventListener("change", () => writeAddress(id, Number(check.checked), 0));
  }
  for (const [id, initial] of Object.entries(CHOICES)) {
    byId(id).addEventListener("change", ({ target }) => writeAddress(id, target.value, initial));
  }
  for (const id of PANELS) {
    const panel = byId(id);
    panel.open = readAddress(id) === "1";
    panel.addEventListener("toggle", () => writeAddress(id, Number(panel.open), 0));
  }
}

/** Let a select that has just got its options show what the address says. */
export function applyChoice(select) {
  const wished = readAddress(select.dataset.testid);
  if ([...select.options].some(({ value }) => value === wished)) select.value = wished;
}

/** The two lanes that are compared, from 0; in the address they count from 1. */
export const readPair = () => (readAddress("pair")?.match(/^([1-4])-([1-4])$/)?.slice(1) ?? [1, 2]).map((place) => place - 1);

export const writePair = ([a, b]) => writeAddress("pair", `${a + 1}-${b + 1}`, "1-2");

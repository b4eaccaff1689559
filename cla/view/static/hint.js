// What a first visitor is told; once dismissed it stays away.

import { part } from "./dom.js";
import { recall, remember } from "./storage.js";

const KEY = "cla-hint";

/** Show the hint in `element` to who has not seen it. @param {HTMLElement} element */
export function showHint(element) {
  element.hidden = recall(KEY) === "seen";
  part(element, "button").addEventListener("click", () => {
    remember(KEY, "seen");
    element.hidden = true;
  });
}

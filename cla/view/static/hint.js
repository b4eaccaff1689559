// What a first visitor is told, until the first press; then it stays away.

import { recall, remember } from "./storage.js";

const KEY = "cla-hint";

/** Show the hint in `element` to who has not seen it. @param {HTMLElement} root @param {HTMLElement} element */
export function showHint(root, element) {
  if (recall(KEY) === "seen") return;
  element.hidden = false;
  const controls = "button, select, input, summary, canvas";
  /** @param {Event} event */
  const dismiss = ({ target }) => {
    if (!(/** @type {Element} */ (target).closest(controls))) return;
    remember(KEY, "seen");
    element.hidden = true;
    for (const type of ["click", "change"]) root.removeEventListener(type, dismiss);
  };
  for (const type of ["click", "change"]) root.addEventListener(type, dismiss);
}

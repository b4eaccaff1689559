// What keys do: the same as the buttons, and a list of them on the page.

/** @import { Controls } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { say } from "./texts.js";

/**
 * Keys that press a button of the page: the key, as it is written, the button.
 * @type {[string, string, keyof Controls][]}
 */
const BUTTONS = [
  [" ", "space", "pause"],
  ["s", "s", "step"],
  ["x", "x", "reset"],
  ["r", "r", "record"],
  ["f", "f", "freeze"],
  ["w", "w", "wrong"],
  ["m", "m", "maps"],
  ["o", "o", "more"],
  ["p", "p", "present"],
  ["+", "+", "add-lane"],
  ["?", "?", "help"],
];

/** The list of keys, for people. */
export const keyList = () => {
  const named = BUTTONS.map(([, written, button]) => [written, say(`key_${button.replace("-", "_")}`)]);
  named.splice(10, 0, ["1 – 4", say("key_select")], ["−", say("key_remove")]);
  named.push(["Esc", say("key_escape")]);
  const items = named.map(([key, does]) => `<div><dt><kbd>${key === "space" ? say("key_space") : key}</kbd></dt><dd>${does}</dd></div>`);
  return `<dl class="keys">${items.join("")}</dl><p class="faint">${say("key_note")}</p>`;
};

/**
 * Listen for keys; returns what ends it.
 * @param {Pick<LivePage, "hello" | "byId" | "selectLane" | "removeLane" | "closeOne">} page
 */
export function listenForKeys(page) {
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key === "Escape") {
      if (page.closeOne()) event.preventDefault();
      return;
    }
    // A key is meant for the control that has the focus.
    const [target] = /** @type {Partial<Element>[]} */ (event.composedPath());
    const control = target.closest?.("input, select, textarea, button, a, summary, [role]");
    if (!page.hello || control || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = BUTTONS.find(([key]) => key === event.key)?.[2];
    if (button) page.byId(button).click();
    else if (/^[1-4]$/.test(event.key)) page.selectLane(Number(event.key) - 1);
    else if (["-", "−", "Delete"].includes(event.key)) page.removeLane();
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}

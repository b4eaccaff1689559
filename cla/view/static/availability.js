// Controls that can do nothing now, and why.

/** @import { Controls } from "./types.js" */
/** @import { LivePage } from "./main.js" */

import { say } from "./texts.js";

/** @typedef {Pick<LivePage, "byId" | "board" | "settings" | "ended" | "token">} Given */

/**
 * Why a control can do nothing, or nothing.
 * @type {Partial<Record<keyof Controls, (given: Given) => string | false>>}
 */
const WHY = {
  maps: ({ board }) => board.frozen && "not_frozen",
  freeze: ({ board, token }) => !token && !board.frozen && "nothing",
  pause: ({ ended, settings }) => (ended || !settings?.source) && "not_ended",
  wrong: ({ token }) => !token && "nothing",
  step: ({ ended, settings }) => (ended || !settings?.source ? "not_ended" : !settings.paused && "not_running"),
  reset: ({ settings }) => !settings?.source && "not_ended",
  record: ({ ended, settings }) => (ended || !settings?.source) && "not_ended",
};

/** What each of them says where it can be used. @type {WeakMap<HTMLElement, string>} */
const usual = new WeakMap();

/** Disable what cannot be used now, and say why. @param {Given} page */
export function showAvailable(page) {
  for (const [id, why] of Object.entries(WHY)) {
    /** @type {HTMLButtonElement | HTMLInputElement} */
    const control = page.byId(/** @type {"pause"} */ (id));
    if (!usual.has(control)) usual.set(control, control.title);
    const reason = why(page);
    const title = reason ? say(reason) : (usual.get(control) ?? "");
    control.disabled = Boolean(reason);
    if (control.title !== title) control.title = title;
  }
}

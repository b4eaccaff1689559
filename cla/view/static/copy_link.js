// A button that copies the page's address, which holds its settings.

import { part } from "./dom.js";

const SAID_MS = 2000;
/** What the address holds for this visitor alone. */
const OWN = "draft";

/** @typedef {{copy: string, copied: string, shown: string}} Data */

/** The address as others may have it. */
function shared() {
  const url = new URL(location.href);
  url.searchParams.delete(OWN);
  return url.href;
}

/** Copy where the browser lets this page; it lets secure ones alone. @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Mount the button; further renders of the component leave it alone.
 * @param {HTMLElement} parent
 * @param {Data} data
 */
export function mount(parent, { copy: title, copied, shown }) {
  const root = part(parent, ".cla-live");
  if (root.firstChild) return () => {};
  root.innerHTML = `<button type="button" data-testid="copy-link">${title}</button>
    <input readonly hidden aria-label="${shown}" title="${shown}"><span role="status" class="hearable"></span>`;
  const button = part(root, "button");
  /** @type {HTMLInputElement} */
  const field = part(root, "input");
  const status = part(root, "span");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  button.onclick = async () => {
    if (!await copy(shared())) {
      field.hidden = false;
      field.value = shared();
      field.select();
      return;
    }
    button.textContent = status.textContent = copied;
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = title;
      status.textContent = "";
    }, SAID_MS);
  };
  return () => clearTimeout(timer);
}

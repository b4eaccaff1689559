// Other pages of the app, by its own links: another load of the app would be another visitor.

/** @param {string} page its name in the address */
export function openPage(page) {
  /** @type {HTMLAnchorElement | null} */
  const link = document.querySelector(`a[href*="/${page}"]`);
  if (link) link.click();
  else location.assign(page);
}

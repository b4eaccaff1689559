// Settings in the page's address: a link shows what its sender saw.

/** A setting of the address, or null. @param {string} name */
export const readAddress = (name) => new URL(location.href).searchParams.get(name);

/**
 * Keep a setting in the address, unless it is at its default.
 * @param {string} name
 * @param {string | number | undefined} value
 * @param {string | number | undefined} initial
 */
export function writeAddress(name, value, initial) {
  const url = new URL(location.href);
  if (String(value) === String(initial)) url.searchParams.delete(name);
  else url.searchParams.set(name, String(value));
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

// Settings in the page's address: a link shows what its sender saw.

/** A setting of the address, or null. */
export const readAddress = (name) => new URL(location.href).searchParams.get(name);

/** Keep a setting in the address, unless it is at its default. */
export function writeAddress(name, value, initial) {
  const url = new URL(location.href);
  if (String(value) === String(initial)) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

// What the page says, in the visitor's language: the catalogue comes from the server, whole.

let catalogue = {};

/** Use these texts from now on; a page speaks one language at a time. */
export function setTexts(texts) {
  catalogue = texts;
}

/** The text of a key, with `{name}` replaced by the values. */
export function say(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The text of a key where there is one, else the name that the server gave. */
export const sayOr = (key, name) => catalogue[key] ?? name;

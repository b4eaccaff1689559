// What the page says, in the visitor's language: the catalogue comes from the server, whole.

/** @type {Record<string, string>} */
let catalogue = {};

/**
 * Use these texts from now on; a page speaks one language at a time.
 * @param {Record<string, string>} texts
 */
export function setTexts(texts) {
  catalogue = texts;
}

/**
 * The text of a key, with `{name}` replaced by the values.
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export function say(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * The text of a key where there is one, else the name that the server gave.
 * @param {string} key
 * @param {string} name
 */
export const sayOr = (key, name) => catalogue[key] ?? name;

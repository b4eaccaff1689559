// Numbers and names for people.

import { say } from "./texts.js";

let locale = "en";

/** Write numbers as this language does from now on. @param {string} language */
export function setLocale(language) {
  locale = language;
}

/** A label as people say it; keys of music have other names in other languages. @param {string} label */
export function words(label) {
  const [, tonic, mode] = label.match(/^([A-G][♭♯]?) (major|minor)$/) ?? [];
  if (!mode) return label.replaceAll("_", " ");
  const said = say(`tonics_${mode}`).match(new RegExp(`(?:^| )${tonic}=(\\S+)`))?.[1] ?? tonic;
  return say(`key_${mode}`, { tonic: said });
}

/** @param {number} value */
export const integer = (value) => Math.round(value).toLocaleString(locale);

/** A number with this many digits behind the point. @param {number} value @param {number} digits */
export const decimal = (value, digits) =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

// Rounded to three digits, this and more is 1 of a unit.
const ALMOST = 0.9995;

/**
 * Three digits in the largest unit that fits.
 * @param {number} value
 * @param {[number, string][]} units from the largest
 */
function scaled(value, units) {
  const found = units.find(([size]) => value >= ALMOST * size);
  if (!found) return integer(value);
  const [size, unit] = found;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(value / size, 1))));
  return `${decimal(value / size, digits)} ${unit}`;
}

/** Operations, of a kind that counts them: 1234 -> "1,234". @param {number | null} value */
export const counted = (value) => (value === null ? "–" : integer(value));

/** 1234567 -> "1.23 M". @param {number} value */
export const compact = (value) => scaled(value, [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]);

/** 123456 -> "121 KiB". @param {number} value */
export const bytes = (value) => (value < 1024 ? `${value} B` : scaled(value, [[2 ** 20, "MiB"], [2 ** 10, "KiB"]]));

/** @param {number} value */
export const ratio = (value) => (value >= 100 ? integer(value) : decimal(value, 1));

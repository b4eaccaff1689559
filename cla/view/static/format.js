// Numbers and names for people.

let locale = "en";

/** Write numbers as this language does from now on. */
export function setLocale(language) {
  locale = language;
}

export const words = (label) => label.replaceAll("_", " ");

export const integer = (value) => Math.round(value).toLocaleString(locale);

/** A number with this many digits behind the point. */
export const decimal = (value, digits) =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

const scaled = (value, units) => {
  const [size, unit] = units.find(([each]) => value >= each) ?? [1, ""];
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(value / size, 1))));
  return unit ? `${decimal(value / size, digits)} ${unit}` : integer(value);
};

/** 1234567 -> "1.23 M". */
export const compact = (value) => scaled(value, [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]);

/** 123456 -> "121 KiB". */
export const bytes = (value) => (value < 1024 ? `${value} B` : scaled(value, [[2 ** 20, "MiB"], [2 ** 10, "KiB"]]));

export const ratio = (value) => (value >= 100 ? integer(value) : decimal(value, 1));

/** Percentile of an array of numbers, or NaN where there are none. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN;
}

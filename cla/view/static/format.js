// Numbers and names for people.

export const words = (label) => label.replaceAll("_", " ");

export const integer = (value) => Math.round(value).toLocaleString("en-US");

/** 1234567 -> "1.23 M". */
export function compact(value) {
  for (const [size, unit] of [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]]) {
    if (value >= size) return (value / size).toPrecision(3) + unit;
  }
  return String(Math.round(value));
}

export const ratio = (value) => (value >= 100 ? integer(value) : value.toFixed(1));

/** Percentile of an array of numbers, or NaN where there are none. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN;
}

// Colors of the page's theme, read from Streamlit's variables, and the scales drawn with them.

/** "#rrggbb" or "rgb(...)" to [r, g, b]. */
function parse(text) {
  const hex = text.match(/^#([0-9a-f]{6})/i);
  if (hex) return [0, 2, 4].map((at) => parseInt(hex[1].slice(at, at + 2), 16));
  return (text.match(/[\d.]+/g) || [128, 128, 128]).slice(0, 3).map(Number);
}

const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

/** The theme's colors as [r, g, b], and scales from background to them. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => parse(style.getPropertyValue(name).trim() || fallback);
  const background = read("--st-background-color", "#ffffff");
  const text = read("--st-text-color", "#222222");
  const dark = background[0] + background[1] + background[2] < 384;
  const accent = dark ? [94, 178, 255] : [0, 104, 201];
  const negative = dark ? [255, 140, 90] : [214, 84, 20];
  return {
    text: `rgb(${text})`,
    faint: `rgb(${mix(background, text, 0.55)})`,
    line: `rgb(${mix(background, text, 0.12)})`,
    accent: `rgb(${accent})`,
    skeleton: "#5eb2ff",
    /** 0..1 to a color between background and accent. */
    scale: (value) => mix(background, accent, Math.max(0, Math.min(1, value))),
    /** -1..1: negative values have their own hue. */
    diverging: (value) => mix(background, value < 0 ? negative : accent, Math.min(1, Math.abs(value))),
    pale: (share) => `rgb(${mix(background, text, share)})`,
  };
}

// Colors of the page's theme, read from Streamlit's variables, and the scales drawn with them.

import { contextOf } from "./canvas.js";

/** @typedef {[number, number, number]} Rgb */

/** "#rrggbb" or "rgba(...)", which is how a canvas writes every color. @param {string} text @returns {Rgb} */
export function parse(text) {
  const hex = text.match(/^#([0-9a-f]{6})/i)?.[1];
  if (hex) return [parseInt(hex.slice(0, 2), 16), parseInt(hex.slice(2, 4), 16), parseInt(hex.slice(4, 6), 16)];
  const [red = 128, green = 128, blue = 128] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

/** @param {Rgb} from @param {Rgb} to @param {number} share @returns {Rgb} */
export function mix(from, to, share) {
  /** @param {0 | 1 | 2} i */
  const part = (i) => Math.round(from[i] + (to[i] - from[i]) * share);
  return [part(0), part(1), part(2)];
}

/** The theme's colors, and scales from background to them. @param {Element} element */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const context = contextOf(document.createElement("canvas"));
  /** A theme may write colors in any way of CSS's. @param {string} name @param {string} fallback */
  const read = (name, fallback) => {
    context.fillStyle = fallback;
    context.fillStyle = style.getPropertyValue(name).trim();
    return parse(context.fillStyle);
  };
  return themeOf(read("--st-background-color", "#ffffff"), read("--st-text-color", "#222222"));
}

/** The colors that go with a background and its text. @param {Rgb} background @param {Rgb} text */
export function themeOf(background, text) {
  const dark = background[0] + background[1] + background[2] < 384;
  /** @type {Rgb} */
  const accent = dark ? [94, 178, 255] : [0, 104, 201];
  /** @type {Rgb} */
  const negative = dark ? [255, 140, 90] : [214, 84, 20];
  return {
    text: `rgb(${text})`,
    faint: `rgb(${mix(background, text, 0.55)})`,
    line: `rgb(${mix(background, text, 0.12)})`,
    accent: `rgb(${accent})`,
    skeleton: "#5eb2ff",
    /** 0..1 to a color between background and accent. @param {number} value */
    scale: (value) => mix(background, accent, Math.max(0, Math.min(1, value))),
    /** -1..1: negative values have their own hue. @param {number} value */
    diverging: (value) => mix(background, value < 0 ? negative : accent, Math.min(1, Math.abs(value))),
    /** @param {number} share */
    pale: (share) => `rgb(${mix(background, text, share)})`,
  };
}

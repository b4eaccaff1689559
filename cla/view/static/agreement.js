// How often lanes name the same label: since the start, and over the last window.

import { keep } from "./numbers.js";

export class Agreement {
  /** @type {Map<string, number>} */
  same;
  /** @type {string[][]} */
  recent;

  /** @param {number} window how many tokens the recent share is of */
  constructor(window) {
    this.window = window;
    this.tokens = 0;
    this.reset();
  }

  reset() {
    this.tokens = 0;
    this.same = new Map();
    this.recent = [];
  }

  /** Take the lanes' labels of one token. @param {string[]} labels */
  push(labels) {
    this.tokens += 1;
    keep(this.recent, labels, this.window);
    for (let b = 1; b < labels.length; b++) {
      for (let a = 0; a < b; a++) {
        const pair = `${a} ${b}`;
        this.same.set(pair, (this.same.get(pair) ?? 0) + Number(labels[a] === labels[b]));
      }
    }
  }

  /** Shares in percent of two lanes, and the tokens that they are of. @param {number} a @param {number} b */
  of(a, b) {
    const same = this.same.get(`${Math.min(a, b)} ${Math.max(a, b)}`) ?? 0;
    const recent = this.recent.filter((labels) => labels[a] === labels[b]).length;
    return {
      all: (100 * same) / this.tokens,
      tokens: this.tokens,
      recent: (100 * recent) / this.recent.length,
      recentTokens: this.recent.length,
    };
  }
}

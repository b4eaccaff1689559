// How often lanes name the same label: since both are there, and over the last window.

import { keep } from "./numbers.js";

/** @param {number} a @param {number} b */
const pairOf = (a, b) => `${Math.min(a, b)} ${Math.max(a, b)}`;

export class Agreement {
  /** Tokens that two lanes both had, and those that they named alike. @type {Map<string, {tokens: number, same: number}>} */
  counts;
  /** Of the newest tokens the label of each lane, by its key. @type {Map<number, string>[]} */
  recent;

  /** @param {number} window how many tokens the recent share is of */
  constructor(window) {
    this.window = window;
    this.reset();
  }

  reset() {
    this.counts = new Map();
    this.recent = [];
  }

  /**
   * Take the answers that come with one token: each lane's key and label, and how many tokens ago came the one that it answers.
   * @param {[key: number, label: string, age?: number][]} answers
   */
  push(answers) {
    keep(this.recent, new Map(), this.window);
    for (const [key, label, age = 0] of answers) {
      const token = this.recent.at(-1 - age);
      if (token) this.add(token, key, label);
    }
  }

  /** A lane joins: what it would have said of the newest tokens, the newest last. @param {number} key @param {string[]} labels */
  join(key, labels) {
    labels.toReversed().forEach((label, age) => {
      const token = this.recent.at(-1 - age);
      if (token) this.add(token, key, label);
    });
  }

  /** @param {Map<number, string>} token @param {number} key @param {string} label */
  add(token, key, label) {
    for (const [other, said] of token) {
      const pair = pairOf(key, other);
      const { tokens, same } = this.counts.get(pair) ?? { tokens: 0, same: 0 };
      this.counts.set(pair, { tokens: tokens + 1, same: same + Number(said === label) });
    }
    token.set(key, label);
  }

  /** Shares in percent of two lanes, and the tokens that they are of. @param {number} a @param {number} b */
  of(a, b) {
    const { tokens, same } = this.counts.get(pairOf(a, b)) ?? { tokens: 0, same: 0 };
    const both = this.recent.filter((token) => token.has(a) && token.has(b));
    const recent = both.filter((token) => token.get(a) === token.get(b)).length;
    return {
      all: (100 * same) / tokens,
      tokens,
      recent: (100 * recent) / both.length,
      recentTokens: both.length,
    };
  }
}

// The class that leads for a second while none is certain.

import { argmax } from "./numbers.js";

const LEAD_S = 1;
// Less than this is noise among classes that are all unlikely.
const LEAST = 0.1;

export class BestGuess {
  leader = 0;
  tokens = 0;

  /** @param {number} hopS seconds of a token */
  constructor(hopS) {
    this.least = Math.ceil(LEAD_S / hopS);
  }

  reset() {
    this.leader = this.tokens = 0;
  }

  /** Take a token's probabilities; the first is that of "none". @param {Float32Array} probabilities */
  push(probabilities) {
    const leader = 1 + argmax(probabilities.subarray(1));
    const leads = probabilities[leader] >= LEAST;
    this.tokens = leads && leader === this.leader ? this.tokens + 1 : Number(leads);
    this.leader = leads ? leader : 0;
  }

  /** The place of the class that has led for a second, or 0. */
  get place() {
    return this.tokens >= this.least ? this.leader : 0;
  }
}

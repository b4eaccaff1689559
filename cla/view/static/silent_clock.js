// The time of a clip without sound, worked as an <audio> is.

export class SilentClock {
  /** When it was started; null while it stands still. @type {number | null} */
  startMs = null;
  atS = 0;

  /** @param {number} durationS */
  constructor(durationS) {
    this.durationS = durationS;
  }

  get paused() {
    return this.startMs === null || this.currentTime >= this.durationS;
  }

  get currentTime() {
    const playedS = this.startMs === null ? 0 : (performance.now() - this.startMs) / 1000;
    return Math.min(this.durationS, this.atS + playedS);
  }

  /** One that has come to its end stands still wherever it is put. */
  set currentTime(seconds) {
    this.startMs = this.paused ? null : performance.now();
    this.atS = seconds;
  }

  /** Go on, from the beginning where the end was reached. */
  play() {
    if (this.currentTime >= this.durationS) this.atS = 0;
    else this.atS = this.currentTime;
    this.startMs = performance.now();
  }

  pause() {
    this.atS = this.currentTime;
    this.startMs = null;
  }
}

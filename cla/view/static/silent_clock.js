// The time of a clip without sound, worked as an <audio> is.

export class SilentClock {
  constructor(durationS) {
    this.durationS = durationS;
    this.atS = 0;
    this.startMs = null;
  }

  get paused() {
    return this.startMs === null || this.currentTime >= this.durationS;
  }

  get currentTime() {
    const playedS = this.startMs === null ? 0 : (performance.now() - this.startMs) / 1000;
    return Math.min(this.durationS, this.atS + playedS);
  }

  set currentTime(seconds) {
    this.atS = seconds;
    if (this.startMs !== null) this.startMs = performance.now();
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

// The sound of a file that is played: heard at its own pace, where the visitor wants it and the browser allows it.

/** @import { LivePage } from "./main.js" */

import { atNextPress } from "./audio_guard.js";
import { say } from "./texts.js";

export class FileSound {
  /** Counts the files: a press that an earlier one waits for lets nothing be heard. */
  turn = 0;

  /** @param {Pick<LivePage, "byId" | "token" | "notice">} page */
  constructor(page) {
    this.page = page;
    this.audio = new Audio();
    this.hear();
  }

  /** Let what is played be heard, or not. */
  hear() {
    this.audio.muted = !this.page.byId("sound").checked;
  }

  /** Let the sound of a file be heard, where it goes at its own pace. @param {string} url */
  play(url) {
    URL.revokeObjectURL(this.audio.src);
    this.audio.src = url;
    if (!this.page.byId("fast").checked) this.start();
  }

  /** Play what is to be heard; where the browser wants a press first, from there on. */
  start() {
    const { page, turn } = this;
    this.audio.play().catch(({ name }) => {
      if (name !== "NotAllowedError" || this.turn !== turn) return;
      page.notice(say("sound_held"));
      atNextPress(() => {
        if (this.turn !== turn) return;
        page.notice(null);
        this.audio.currentTime = page.token?.time_s ?? 0;
        this.start();
      });
    });
  }

  /** @param {boolean} paused */
  pause(paused) {
    if (paused) this.audio.pause();
    else if (this.audio.src) this.start();
  }

  /** Let nothing be heard. */
  hush() {
    this.turn += 1;
    this.audio.pause();
    this.audio.removeAttribute("src");
  }
}

// Charts held still while the stream goes on: said over them, with the way back.

/** @import { LivePage } from "./main.js" */

import { showAvailable } from "./availability.js";
import { say } from "./texts.js";

export class Freeze {
  /** @param {Pick<LivePage, "byId" | "board" | "settings" | "ended" | "token">} page */
  constructor(page) {
    this.page = page;
    page.byId("freeze").addEventListener("click", () => this.show(!page.board.frozen));
    page.byId("thaw").addEventListener("click", () => this.show(false));
  }

  /** @param {boolean} frozen */
  show(frozen) {
    const { byId, board } = this.page;
    board.freeze(frozen);
    byId("freeze").setAttribute("aria-pressed", String(frozen));
    byId("freeze").textContent = say(frozen ? "unfreeze" : "freeze");
    byId("frozen").hidden = !frozen;
    showAvailable(this.page);
  }
}

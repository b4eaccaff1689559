// The row of settings behind "More", open or closed as it was left.

/** @import { LivePage } from "./main.js" */

import { readAddress, writeAddress } from "./address.js";
import { recall, remember } from "./storage.js";

const KEY = "cla-more";
const NAME = "more";

export class Drawer {
  /** @param {Pick<LivePage, "root" | "byId">} page */
  constructor(page) {
    this.page = page;
    page.byId("more").addEventListener("click", () => this.show(!this.open));
    this.draw((readAddress(NAME) ?? recall(KEY)) === "1");
  }

  get open() {
    return !this.page.byId("settings").hidden;
  }

  /** @param {boolean} open */
  show(open) {
    remember(KEY, String(Number(open)));
    writeAddress(NAME, Number(open), 0);
    this.draw(open);
  }

  /** @param {boolean} open */
  draw(open) {
    this.page.byId("settings").hidden = !open;
    this.page.byId("more").setAttribute("aria-expanded", String(open));
    // A narrow page shows what lanes run, and their numbers, with the settings.
    this.page.root.classList.toggle("more-open", open);
  }
}

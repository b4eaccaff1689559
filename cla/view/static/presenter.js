// The presenter's mode: the lanes and what compares them, alone and large.

/** @import { LivePage } from "./main.js" */

const NARROW = 700;
const MOST = 2.5;
// What a lane has above its chart, and the comparison above the lanes, in large type.
const AROUND = 300;

export class Presenter {
  on = false;

  /** @param {Pick<LivePage, "root" | "byId" | "board">} page */
  constructor(page) {
    this.page = page;
    page.byId("present").addEventListener("click", () => this.show(!this.on));
    page.byId("present-end").addEventListener("click", () => this.show(false));
  }

  /** @param {boolean} on */
  show(on) {
    const { root, board } = this.page;
    this.on = on;
    root.classList.toggle("presenting", on);
    this.page.byId("present").setAttribute("aria-pressed", String(on));
    // What is popped over lies above all else of the page, wherever the surface is within it.
    root.popover = on ? "manual" : null;
    if (on) root.showPopover();
    board.enlarge(this.zoom);
  }

  /** By how much charts are enlarged: as far as the window is high, where lanes are beside each other. */
  get zoom() {
    const height = Math.max(...[...this.page.board.panels.values()].map(({ view }) => view.height));
    if (!this.on || innerWidth < NARROW) return 1;
    return Math.max(1, Math.min(MOST, (innerHeight - AROUND) / height));
  }
}

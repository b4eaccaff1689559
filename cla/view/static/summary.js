// What the lanes amount to beside each other, in a sentence for each lane after the first.

/** @import { TokenMessage } from "./types.js" */
/** @import { Agreement } from "./agreement.js" */

import { compact, decimal, integer, ratio } from "./format.js";
import { say } from "./texts.js";

export class Summary {
  /** @type {TokenMessage | null} */
  token = null;

  /**
   * @param {HTMLElement} element
   * @param {HTMLElement} time says what is heard and how far it is
   */
  constructor(element, time) {
    this.element = element;
    this.time = time;
  }

  reset() {
    this.token = null;
    this.element.textContent = this.time.textContent = "";
  }

  /** @param {TokenMessage} token */
  push(token) {
    this.token = token;
  }

  /**
   * Refresh the sentences.
   * @param {string} source the name of what is heard
   * @param {boolean} ended
   * @param {string[]} titles the lanes in words
   * @param {Agreement} agreement
   */
  refresh(source, ended, titles, agreement) {
    if (!this.token) return;
    const { lanes, time_s: time, behind_s: behind } = this.token;
    const [first, ...others] = lanes;
    const sentences = others.map((lane, i) => {
      const name = others.length > 1 ? `${titles[i + 1]}: ` : "";
      const { all, tokens, recent } = agreement.of(0, i + 1);
      const percent = `<strong data-testid="agreement">${decimal(all, 1)} %</strong>`;
      if (first.total_ops === null || lane.total_ops === null) {
        return name + say("summary_not_counted", { agreement: percent, tokens: integer(tokens), recent: `${decimal(recent, 1)} %` });
      }
      const times = first.total_ops / lane.total_ops;
      return name + say(times < 1 ? "summary_more" : "summary", {
        ratio: `<strong data-testid="ratio">${ratio(times < 1 ? 1 / times : times)}×</strong>`,
        low: compact(lane.total_ops),
        high: compact(first.total_ops),
        agreement: percent,
        tokens: integer(tokens),
        recent: `${decimal(recent, 1)} %`,
      });
    });
    const late = behind > 0.5 ? `, ${say("behind", { seconds: decimal(behind, 1) })}` : "";
    this.element.innerHTML = sentences.map((sentence) => `<p>${sentence}</p>`).join("");
    // A name comes from a file or a device: it is text and nothing else.
    this.time.textContent = this.time.title =
      `${source && `${source}: `}${decimal(time, 1)} s${late}${ended ? `, ${say("ended")}` : ""}`;
  }
}

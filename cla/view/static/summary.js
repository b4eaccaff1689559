// What the lanes amount to beside each other with full windows, and which attention needs the fewest operations.

/** @import { Lane, Task, TokenMessage } from "./types.js" */
/** @import { Agreement } from "./agreement.js" */

import { compact, decimal, integer, ratio } from "./format.js";
import { say } from "./texts.js";

/** What a narrow page leaves out. @param {string} text */
const detail = (text) => `<span class="detail"> ${text}</span>`;

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
    this.time.textContent = "";
  }

  /** @param {TokenMessage} token */
  push(token) {
    this.token = token;
  }

  /**
   * Refresh the sentences.
   * @param {{source: string, ended: boolean}} played the name of what is heard, and whether it is at its end
   * @param {Lane[]} lanes
   * @param {string[]} titles the lanes in words
   * @param {Task} task
   * @param {Agreement} agreement
   */
  refresh({ source, ended }, lanes, titles, task, agreement) {
    if (!this.token) return;
    const { time_s: time, behind_s: behind } = this.token;
    const sentences = lanes.slice(1).map((lane, i) => {
      const name = lanes.length > 2 ? `${titles[i + 1]}: ` : "";
      return name + versus(lanes[0], lane, agreement.of(0, i + 1));
    });
    const html = [...sentences, `<span class="faint" data-testid="winner">${winner(lanes, titles, task)}</span>`]
      .map((sentence) => `<p>${sentence}</p>`).join("");
    if (this.element.innerHTML !== html) this.element.innerHTML = html;
    const filling = this.token.lanes.map(({ valid_tokens: valid }, at) => ({ valid, window: lanes[at]?.window ?? task.window }))
      .find(({ valid, window }) => valid < window);
    const facts = [
      `${decimal(time, 1)} s`,
      behind > 0.5 && say("behind", { seconds: decimal(behind, 1) }),
      filling && say("filling", filling),
      ended && say("ended"),
    ];
    // A name comes from a file or a device: it is text and nothing else.
    const text = facts.filter(Boolean).join(", ");
    this.time.textContent = this.time.title = source ? `${text} · ${source}` : text;
  }
}

/**
 * A lane beside the first: operations with full windows, and how often both name the same label.
 * @param {Lane} first
 * @param {Lane} lane
 * @param {{all: number, tokens: number, recent: number}} same
 */
function versus({ average: high }, { average: low }, { all, tokens, recent }) {
  const same = {
    agreement: `<strong data-testid="agreement">${decimal(all, 1)} %</strong>`,
    of: detail(say("summary_of", { tokens: integer(tokens), recent: `${decimal(recent, 1)} %` })),
  };
  if (high === null || low === null) return say("summary_not_counted", same);
  const times = high / low;
  return say(times < 1 ? "summary_more" : "summary", {
    ...same,
    ratio: `<strong data-testid="ratio">${ratio(times < 1 ? 1 / times : times)}×</strong>`,
    numbers: detail(say("summary_numbers", { low: compact(low), high: compact(high) })),
  });
}

/**
 * Which attention needs the fewest operations at these windows, be it on show or not.
 * @param {Lane[]} lanes
 * @param {string[]} titles
 * @param {Task} task
 */
export function winner(lanes, titles, task) {
  /** @param {Lane} lane */
  const average = (lane) => lane.average ?? Infinity;
  const best = lanes.reduce((least, lane) => (average(lane) < average(least) ? lane : least));
  const window = best.window ?? task.window;
  const values = { window: integer(window), exact: compact(best.exact), title: titles[lanes.indexOf(best)], own: compact(average(best)) };
  if (average(best) < best.exact) return say("winner_low", values);
  const { crossing = null } = lanes.find((lane) => lane.crossing && lane.crossing > (lane.window ?? task.window)) ?? {};
  const from = crossing ? ` ${say("winner_from", { crossing: integer(crossing) })}` : "";
  return say("winner_exact", values) + from;
}

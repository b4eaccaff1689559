// Controls that show the settings of the server, unless they have just been moved.

const HOLD_MS = 1000;

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/** Settings that were on their way when a control was moved do not know of it, and would turn it back. */
export class Followed {
  /** When each was moved last. @type {Map<Control, number>} */
  moved = new Map();

  /**
   * @param {Control[]} controls
   * @param {() => void} again shows the newest settings: they count once more when the server has had time to answer
   */
  constructor(controls, again) {
    for (const control of controls) {
      control.addEventListener("input", () => {
        this.moved.set(control, performance.now());
        setTimeout(again, HOLD_MS);
      });
    }
  }

  /**
   * Let a control show a value, if it may: whether it does.
   * @param {Control} control
   * @param {string | number | boolean | null} value
   */
  put(control, value) {
    if (performance.now() - (this.moved.get(control) ?? -Infinity) < HOLD_MS) return false;
    if (control.type === "checkbox") /** @type {HTMLInputElement} */ (control).checked = Boolean(value);
    else control.value = String(value ?? "");
    return true;
  }
}

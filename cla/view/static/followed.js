// Controls that show the settings of the server, unless they have just been moved.

const HOLD_MS = 1000;

/** Settings that were on their way when a control was moved do not know of it, and would turn it back. */
export class Followed {
  /** `again` shows the newest settings: they count once more when the server has had time to answer. */
  constructor(controls, again) {
    this.moved = new Map();
    for (const control of controls) {
      control.addEventListener("input", () => {
        this.moved.set(control, performance.now());
        setTimeout(again, HOLD_MS);
      });
    }
  }

  /** Let a control show a value, if it may: whether it does. */
  put(control, value) {
    if (performance.now() - this.moved.get(control) < HOLD_MS) return false;
    control[control.type === "checkbox" ? "checked" : "value"] = value;
    return true;
  }
}

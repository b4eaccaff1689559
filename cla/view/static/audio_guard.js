// Sound that goes on: browsers hold it back until a visitor presses something, phones stop it for a call.

const PATIENCE_MS = 1000;
// Of these, one counts as a press with a mouse, one with a finger and one with a key.
const PRESSES = ["pointerdown", "pointerup", "keydown"];

/** Call `action` at every press on the page; returns what ends that. @param {() => void} action */
function atPress(action) {
  for (const press of PRESSES) document.addEventListener(press, action, { capture: true });
  return () => {
    for (const press of PRESSES) document.removeEventListener(press, action, { capture: true });
  };
}

/** Call `action` at the next press. @param {() => void} action */
export function atNextPress(action) {
  const end = atPress(() => {
    end();
    action();
  });
}

/** Keeps an AudioContext running. */
export class AudioGuard {
  /** Since when it has been held. @type {number | undefined} */
  sinceMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {AudioContext} context
   * @param {{onHeld: () => void, onRun: (stoppedMs: number) => void}} handlers told where it takes a press to
   *   go on, and when it goes on
   */
  constructor(context, handlers) {
    this.context = context;
    this.handlers = handlers;
    const check = () => this.check();
    context.addEventListener("statechange", check);
    document.addEventListener("visibilitychange", check);
    const endPresses = atPress(check);
    this.end = () => {
      clearTimeout(this.timer);
      context.removeEventListener("statechange", check);
      document.removeEventListener("visibilitychange", check);
      endPresses();
    };
    this.check();
  }

  check() {
    const { state } = this.context;
    if (state === "closed") return;
    if (state === "running") {
      clearTimeout(this.timer);
      this.timer = undefined;
      if (this.sinceMs !== undefined) this.handlers.onRun(performance.now() - this.sinceMs);
      this.sinceMs = undefined;
      return;
    }
    this.sinceMs ??= performance.now();
    this.timer ??= setTimeout(() => this.handlers.onHeld(), PATIENCE_MS);
    // During a call it is refused; where a press is wanted it is answered after that one.
    this.context.resume().catch(() => {});
  }
}

// Sound that goes on: browsers hold it back until a visitor presses something, phones stop it for a call.

const PATIENCE_MS = 1000;
// Of these, one counts as a press with a mouse, one with a finger and one with a key.
const PRESSES = ["pointerdown", "pointerup", "keydown"];

/** Call `action` at every press on the page; returns what ends that. */
function atPress(action) {
  for (const press of PRESSES) document.addEventListener(press, action, true);
  return () => {
    for (const press of PRESSES) document.removeEventListener(press, action, true);
  };
}

/** Call `action` at the next press. */
export function atNextPress(action) {
  const end = atPress(() => {
    end();
    action();
  });
}

/** Keeps an AudioContext running. */
export class AudioGuard {
  /** `handlers`: onHeld() where it takes a press to go on, onRun(stoppedMs) when it goes on. */
  constructor(context, handlers) {
    Object.assign(this, { context, handlers });
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

// What a first visitor is told; once dismissed it stays away.

const KEY = "cla-hint";

/** Show the hint in `element` to who has not seen it. */
export function showHint(element) {
  element.hidden = localStorage.getItem(KEY) === "seen";
  element.querySelector("button").addEventListener("click", () => {
    localStorage.setItem(KEY, "seen");
    element.hidden = true;
  });
}

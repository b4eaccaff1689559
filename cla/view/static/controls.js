// The controls' markup and what they ask for.

/** @import { Greeting, LiveData, Task } from "./types.js" */

import { byTestId, part } from "./dom.js";
import { explanation } from "./explaining.js";
import { keyList } from "./keys.js";
import { say, sayOr } from "./texts.js";

/** The page, in its language: what is played, what the lanes amount to, the lanes, and all settings behind "More". */
export const markup = () => `
  <header class="head">
    <h2>${say("title")}</h2>
    <button type="button" class="what" data-testid="what" aria-expanded="false">${say("what")}</button>
    <p class="faint hint" data-testid="first-hint" hidden><span></span>
      <button type="button" data-testid="hint-close" aria-label="${say("hint_close")}" title="${say("hint_close")}">✕</button></p>
    <p class="faint time" data-testid="time"></p>
  </header>
  <div class="controls">
    <div class="bar sources" role="group" aria-label="${say("source")}">
      <div class="bar" role="group" aria-label="${say("task")}" data-testid="tasks"></div>
      <select data-testid="clip" aria-label="${say("sample")}"></select>
      <button type="button" data-testid="play">${say("play")}</button>
      <span class="device-button">
        <button type="button" data-testid="microphone">${say("microphone")}</button>
        <button type="button" data-testid="camera" hidden>${say("camera")}</button>
        <meter min="0" max="1" low="0.02" high="0.95" optimum="0.3" aria-label="${say("level")}" hidden></meter>
      </span>
      <label class="file">${say("upload")} <input type="file" data-testid="upload"></label>
      <button type="button" data-testid="pause" aria-keyshortcuts="Space" title="${say("key", { key: say("key_space") })}">${say("pause")}</button>
      <button type="button" data-testid="more" aria-keyshortcuts="o" aria-expanded="false" title="${say("more_help")} ${say("key", { key: "o" })}">${say("more")}</button>
      <button type="button" data-testid="present" aria-keyshortcuts="p" aria-pressed="false" title="${say("present_help")} ${say("key", { key: "p" })}">${say("present")}</button>
    </div>
    <div class="bar settings" role="group" aria-label="${say("more_help")}" data-testid="settings" hidden>
      <button type="button" data-testid="step" aria-keyshortcuts="s" title="${say("key", { key: "s" })}">${say("step")}</button>
      <button type="button" data-testid="reset" aria-keyshortcuts="x" title="${say("key", { key: "x" })}">${say("reset")}</button>
      <button type="button" data-testid="record" aria-keyshortcuts="r" title="${say("record_help")} ${say("key", { key: "r" })}" hidden>${say("record")}</button>
      <button type="button" data-testid="freeze" aria-pressed="false" aria-keyshortcuts="f" title="${say("freeze_help")} ${say("key", { key: "f" })}">${say("freeze")}</button>
      <button type="button" data-testid="add-lane" aria-keyshortcuts="+">${say("add_lane")}</button>
      <label title="${say("mode_help")}">${say("mode")} <select data-testid="mode"><option value="fixed">${say("fixed")}</option><option value="continual">${say("continual")}</option></select></label>
      <button type="button" data-testid="heard" data-heard="0" aria-pressed="false" title="${say("heard_help")}">${say("heard")}</button>
      <label title="${say("sensitivity_help")}" hidden>${say("sensitivity")} <input type="range" min="0" step="1" data-testid="sensitivity"><output data-testid="sensitivity-value"></output></label>
      <label title="${say("layer_help")}" class="layers" hidden>${say("layer")} <select data-testid="layer"></select></label>
      <label title="${say("head_help")}">${say("head")} <select data-testid="head"></select></label>
      <label><input type="checkbox" data-testid="maps" aria-keyshortcuts="m"> ${say("maps")}</label>
      <label data-for="sound"><input type="checkbox" data-testid="sound"> ${say("hear")}</label>
      <label><input type="checkbox" data-testid="fast"> ${say("fast")}</label>
      <label class="devices" hidden>${say("device")} <select data-testid="device"></select></label>
      <button type="button" data-testid="wrong" aria-keyshortcuts="w" title="${say("wrong_help")} ${say("key", { key: "w" })}">${say("wrong")}</button>
      <button type="button" data-testid="help" aria-expanded="false" aria-keyshortcuts="?" aria-label="${say("keys")}" title="${say("keys")}">?</button>
      <p class="faint" data-testid="idle-tasks" hidden></p>
    </div>
    <p class="faint" data-testid="preflight"></p>
  </div>
  <div class="compared">
    <section class="summary" aria-label="${say("comparison")}" data-testid="summary">${say("connecting")}</section>
    <div class="winner"><p class="faint" data-testid="winner"></p>
      <button type="button" data-testid="try-window" hidden></button>
      <button type="button" data-testid="add-exact" hidden>${say("add_exact")}</button></div>
    <div class="movers">
      <label title="${say("landmarks_help")}">${say("landmarks")} <input type="range" min="0" step="1" data-testid="landmarks"><output data-testid="landmarks-value"></output></label>
      <div><label title="${say("window_help")}">${say("window_all")} <input type="range" min="0" step="1" data-testid="window"><output data-testid="window-value"></output></label>
        <button type="button" data-testid="fill">${say("fill")}</button></div>
    </div>
    <canvas class="totals" role="img" aria-label="${say("totals_alt")}" data-testid="totals"></canvas>
  </div>
  <div class="watch">
    <figure class="preview" hidden data-testid="preview">
      <canvas role="img" aria-label="${say("picture_alt")}" width="320" height="240"></canvas>
      <figcaption><span data-testid="source"></span><span class="no-hand" role="status"></span></figcaption>
    </figure>
    <div class="lanes"></div>
  </div>
  <div class="below">
    <details data-testid="clock"><summary>${say("clock")}</summary><p class="faint">${say("clock_help")}</p>
      <canvas role="img" aria-label="${say("clock")}" data-testid="clock-chart"></canvas>
      <ul data-testid="pairs"></ul></details>
    <details data-testid="difference"><summary>${say("difference")}</summary><div data-testid="difference-view"></div></details>
    <details data-testid="telemetry"><summary>${say("telemetry")}</summary><div class="wide" tabindex="0" role="group" aria-label="${say("telemetry")}" data-testid="telemetry-table"></div></details>
    <p class="foot"><span data-testid="foot"></span> <span data-testid="path" hidden></span></p>
  </div>
  <p class="frozen" data-testid="frozen" role="status" hidden><strong>${say("frozen")}</strong>
    <button type="button" data-testid="thaw">${say("thaw")}</button></p>
  <button type="button" class="present-end" data-testid="present-end" aria-label="${say("present_end")}" title="${say("present_end")}">✕</button>
  <section class="sheet" data-testid="explanation" aria-label="${say("what")}" hidden>${explanation()}</section>
  <div aria-hidden="true" data-testid="pointers"></div>
  <section class="sheet labels" data-testid="correct" role="group" aria-label="${say("correct_question")}" hidden></section>
  <section class="sheet" data-testid="key-help" aria-label="${say("keys")}" hidden>${keyList()}</section>
  <div class="toast"><p role="status" data-testid="notice" hidden></p>
    <button type="button" data-testid="notice-close" aria-label="${say("hint_close")}">✕</button></div>
  <p class="hearable" role="status" aria-live="polite" data-testid="announcer"></p>`;

/**
 * Fill a select with [value, text] pairs, keeping the choice where it still exists.
 * @param {HTMLSelectElement} select
 * @param {[value: string | number, text: string | number][]} options
 */
export function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(String(text), String(value))));
  if (options.some(([value]) => String(value) === chosen)) select.value = chosen;
}

/**
 * One button for each task.
 * @param {HTMLElement} bar
 * @param {HTMLElement} told says why a task cannot run
 * @param {Task[]} tasks
 * @param {(name: string) => void} onChoose
 */
export function fillTasks(bar, told, tasks, onChoose) {
  /** @param {Task} task */
  const titleOf = ({ name, title }) => sayOr(`task_${name}`, title);
  const idle = tasks.filter(({ problem }) => problem);
  told.replaceChildren(...withCode(idle.map((task) => `${titleOf(task)}: ${task.problem}`).join(" ")));
  told.hidden = !idle.length;
  bar.replaceChildren(...tasks.map((task) => {
    const { name, problem } = task;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: titleOf(task), disabled: Boolean(problem), title: problem });
    button.dataset.testid = `task-${name}`;
    button.dataset.task = name;
    button.onclick = () => onChoose(name);
    return button;
  }));
  bar.hidden = tasks.length < 2;
}

/**
 * Show the controls of a task, and hide those of other media.
 * @param {HTMLElement} root
 * @param {Task} task
 * @param {Greeting} machine what the server said of itself
 * @param {LiveData["endings"]} endings
 */
export function showTask(root, task, machine, endings) {
  /** @param {string} id */
  const find = (id) => byTestId(root, id);
  /** @type {HTMLSelectElement} */
  const clip = byTestId(root, "clip");
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = find("tasks").querySelectorAll("[data-task]");
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.dataset.task === task.name));
  }
  find("microphone").hidden = task.input !== "sound";
  find("camera").hidden = task.input !== "video" || task.joints;
  find("preview").hidden = task.input !== "video";
  /** @type {NodeListOf<HTMLElement>} */
  const labels = root.querySelectorAll("[data-for]");
  for (const label of labels) label.hidden = label.dataset.for !== task.input;
  /** @type {HTMLInputElement} */ (find("upload")).accept = (task.joints ? ["csv"] : endings[task.input]).map((ending) => `.${ending}`).join();
  clip.hidden = find("play").hidden = !task.clips.length;
  fill(clip, task.clips.map(({ name, title }) => [name, sayOr(`sample.${name}`, title)]));
  /** @type {HTMLInputElement} */ (find("landmarks")).max = String(task.landmark_counts.length - 1);
  fill(byTestId(root, "layer"), Array.from({ length: task.num_layers }, (_, layer) => [layer + 1, layer + 1]));
  part(root, ".layers").hidden = task.num_layers < 2;
  const device = task.input === "video" ? "camera" : "microphone";
  const missing = machine.local?.[`no_${device}`];
  find("foot").textContent =
    say("foot", { hop: Math.round(task.hop_s * 1000), window: task.window, device: machine.device }) +
    (machine.device_note ? ` ${machine.device_note}` : "") +
    (missing ? ` ${say("local", { missing })}` : "");
  const usual = say(window.isSecureContext ? "hint" : "hint_insecure", { device: say(device) });
  const hint = window.isSecureContext ? sayOr(`hint_${task.name}`, usual) : usual;
  part(find("first-hint"), "span").innerHTML = hint.replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>");
  // Said before anyone presses a button that cannot work.
  const insecure = window.isSecureContext ? "" : say("insecure", { device: say(`device_${device}`) });
  find("preflight").textContent = task.joints ? say("joints_note") : insecure;
}

/** Nodes of a text in which commands stand between backticks. @param {string} text */
function withCode(text) {
  return text.split("`").map((part, at) => {
    return at % 2 ? Object.assign(document.createElement("code"), { textContent: part }) : part;
  });
}

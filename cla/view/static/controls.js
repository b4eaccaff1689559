// The controls' markup and what they ask for.

export const MARKUP = `
  <div class="bar" role="group" aria-label="What to recognize" data-testid="tasks"></div>
  <div class="bar sources" role="group" aria-label="Source">
    <label>Sample <select data-testid="clip"></select></label>
    <button type="button" data-testid="play">Play</button>
    <button type="button" data-testid="microphone">Microphone</button>
    <button type="button" data-testid="camera" hidden>Camera</button>
    <label class="devices" hidden>Device <select data-testid="device"></select></label>
    <label class="file">Upload <input type="file" data-testid="upload"></label>
    <label data-for="sound"><input type="checkbox" data-testid="sound"> hear it</label>
    <label><input type="checkbox" data-testid="fast"> as fast as possible</label>
    <meter min="0" max="1" low="0.02" high="0.95" optimum="0.3" aria-label="Input level" hidden></meter>
  </div>
  <div class="watch">
    <figure class="preview" hidden data-testid="preview">
      <canvas role="img" aria-label="The picture, with the hands found in it" width="320" height="240"></canvas>
      <figcaption><span data-testid="source"></span><span class="hint" role="status"></span></figcaption>
    </figure>
    <div class="run">
      <div class="bar" role="group" aria-label="Run">
        <button type="button" data-testid="pause">Pause</button>
        <button type="button" data-testid="step">Step</button>
        <button type="button" data-testid="reset">Reset</button>
        <label title="What low-rank attention keeps of the window: fewer cost less, more follow full attention closer">Landmarks <input type="range" min="0" step="1" data-testid="landmarks"><output data-testid="landmarks-value"></output></label>
        <label title="fixed: fitted to training data. continual: means of the stream's own segments">that are <select data-testid="mode"><option value="fixed">fixed</option><option value="continual">continual</option></select></label>
        <label title="The attention head whose attention is drawn">Head <select data-testid="head"></select></label>
        <label><input type="checkbox" data-testid="maps"> whole map and factors</label>
      </div>
      <p class="notice" role="status" data-testid="notice" hidden></p>
      <p class="summary" data-testid="summary"></p>
    </div>
  </div>
  <div class="lanes"></div>
  <p class="foot" data-testid="foot"></p>`;

const ACCEPTED = {
  sound: ".wav,.flac,.ogg,.mp3,.m4a,audio/*",
  video: ".mp4,.webm,.mov,.avi,video/*",
};

/** Fill a select with [value, text] pairs, keeping the choice where it still exists. */
export function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => String(value) === chosen)) select.value = chosen;
}

/** One button for each task; a task that cannot run says why. */
export function fillTasks(bar, tasks, onChoose) {
  bar.replaceChildren(...tasks.map(({ name, title, problem }) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: title, disabled: Boolean(problem), title: problem });
    button.dataset.testid = `task-${name}`;
    button.dataset.task = name;
    button.onclick = () => onChoose(name);
    return button;
  }));
  bar.hidden = tasks.length < 2;
}

/** Show the controls of a task, and hide those of other media. */
export function showTask(root, task) {
  const find = (id) => root.querySelector(`[data-testid="${id}"]`);
  for (const button of find("tasks").children) {
    button.setAttribute("aria-pressed", String(button.dataset.task === task.name));
  }
  find("microphone").hidden = task.input !== "sound";
  find("camera").hidden = find("preview").hidden = task.input !== "video";
  for (const label of root.querySelectorAll("[data-for]")) label.hidden = label.dataset.for !== task.input;
  find("upload").accept = ACCEPTED[task.input];
  fill(find("clip"), task.clips.map(({ name, title }) => [name, title]));
  find("landmarks").max = task.landmark_counts.length - 1;
}

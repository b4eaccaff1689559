// The controls' markup and what they ask for.

export const MARKUP = `
  <div class="bar sources" role="group" aria-label="Source">
    <label>Sample <select data-testid="clip"></select></label>
    <button type="button" data-do="play" data-testid="play">Play</button>
    <button type="button" data-do="microphone" data-testid="microphone">Microphone</button>
    <label class="devices" hidden>Device <select data-testid="device"></select></label>
    <label class="file">Upload <input type="file" accept=".wav,.flac,.ogg,.mp3,.m4a,audio/*" data-testid="upload"></label>
    <label><input type="checkbox" data-testid="sound"> hear it</label>
    <meter min="0" max="1" low="0.02" high="0.95" optimum="0.3" aria-label="Input level" hidden></meter>
  </div>
  <div class="bar" role="group" aria-label="Run">
    <button type="button" data-do="pause" data-testid="pause">Pause</button>
    <button type="button" data-do="step" data-testid="step">Step</button>
    <button type="button" data-do="reset" data-testid="reset">Reset</button>
    <label>Landmarks <input type="range" min="0" step="1" data-testid="landmarks"><output data-testid="landmarks-value"></output></label>
    <label>that are <select data-testid="mode"><option value="fixed">fixed</option><option value="continual">continual</option></select></label>
    <label>Head <select data-testid="head"></select></label>
    <label><input type="checkbox" data-testid="maps"> whole map and factors</label>
  </div>
  <p class="notice" role="status" data-testid="notice" hidden></p>
  <p class="summary" data-testid="summary"></p>
  <div class="lanes"></div>
  <p class="foot" data-testid="foot"></p>`;

/** Fill a select with [value, text] pairs, keeping the choice where it still exists. */
export function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => String(value) === chosen)) select.value = chosen;
}

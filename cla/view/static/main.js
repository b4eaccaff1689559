// The live surface: connects the session, the sources, the controls and the lanes.

/** @import { ById, Hello, Lane, LiveData, Message, Settings, LaneSettings, Past, Tables, Task, TokenMessage } from "./types.js" */

import { Animation } from "./animation.js";
import { Board } from "./board.js";
import { LiveSocket, liveAddress } from "./client.js";
import { markup } from "./controls.js";
import { byTestId, part } from "./dom.js";
import { Correcting } from "./correcting.js";
import { Drawer } from "./drawer.js";
import { Explaining } from "./explaining.js";
import { Followed } from "./followed.js";
import { setLocale } from "./format.js";
import { Freeze } from "./freeze.js";
import { showHint } from "./hint.js";
import { listenForKeys } from "./keys.js";
import { showLandmarks } from "./landmarks.js";
import { oneMore, setKinds, withoutLane } from "./lane_controls.js";
import { setLooks } from "./looks.js";
import { receive } from "./messages.js";
import { choose } from "./opening.js";
import { bindSettings } from "./page_settings.js";
import { Presenter } from "./presenter.js";
import { Preview } from "./preview.js";
import { RecordButton } from "./record_button.js";
import { Sensitivity } from "./sensitivity.js";
import { show, showControls } from "./shown_settings.js";
import { Sources } from "./sources.js";
import { clear } from "./stream.js";
import { say, setTexts } from "./texts.js";
import { Tip } from "./tip.js";
import { wire } from "./wiring.js";

export class LivePage {
  /** What the server said on connecting. @type {Hello | undefined} */
  hello;
  /** What the server plays, and how. @type {Settings | undefined} */
  settings;
  /** @type {Lane[]} */
  lanes = [];
  /** What is or will be played; it may be ahead of the settings. @type {Task | undefined} */
  task;
  /** @type {LiveSocket} */
  socket;
  /** The newest token. @type {TokenMessage | null} */
  token = null;
  /** When it came. */
  arrived = 0;
  /** Pictures left out by the server. */
  dropped = 0;
  /** Why the next gap is there, where the page knows. */
  gapWhy = "";
  /** Whether the source is at its end. */
  ended = false;
  /** The task that a visitor has chosen, until the server plays it. */
  chosen = "";
  /** Whether what comes is of a source that was given up. */
  deaf = false;
  /** Whether the windows are to be filled as soon as the source begins. */
  fills = false;
  /** Whether a pause has just ended. */
  resumed = false;

  /** @param {HTMLElement} root @param {LiveData} data */
  constructor(root, data) {
    this.data = data;
    this.root = root;
    setTexts(data.texts);
    setLocale(data.language);
    setLooks(data.systems);
    setKinds(data.kinds, data.lane_defaults);
    this.root.innerHTML = markup();
    /** @type {ById} */
    this.byId = (id) => byTestId(this.root, id);
    bindSettings(this.byId);
    this.tip = new Tip(this.root);
    this.sources = new Sources(this);
    this.board = new Board(this);
    this.preview = new Preview(this.byId("preview"), (picture) => this.board.track?.picture(picture));
    this.record = new RecordButton(this.byId("record"), this);
    this.drawer = new Drawer(this);
    this.presenter = new Presenter(this);
    this.freezing = new Freeze(this);
    this.correcting = new Correcting(this);
    this.explaining = new Explaining(this);
    showHint(this.root, this.byId("first-hint"));
    this.endKeys = listenForKeys(this);
    this.sensitivity = new Sensitivity(this);
    const controls = [this.byId("fast"), this.byId("landmarks"), this.byId("window"), this.byId("mode"), this.byId("sensitivity")];
    this.followed = new Followed(controls, () => {
      if (this.task && this.settings?.task === this.task.name) showControls(this, this.settings, this.task);
    });
    wire(this);
    this.connect();
    this.animation = new Animation(this);
  }

  connect() {
    this.socket = new LiveSocket(liveAddress({ key: this.data.key, lang: this.data.language }), {
      onMessage: (header, arrays) => this.receive(header, arrays),
      onState: (state) => this.notice(state && say(state)),
    });
  }

  /** @param {LaneSettings[] | null} lanes null where they stay */
  sendLanes = (lanes) => {
    if (lanes) this.socket.send({ type: "lanes", lanes });
  };

  /** The lane at this place is the one that keys and the landmarks' controls act on. @param {number} at */
  selectLane(at) {
    this.board.select(at);
    if (this.task) showLandmarks(this, this.task);
  }

  removeLane() {
    this.sendLanes(withoutLane(this.lanes, this.board.selected));
  }

  addLane() {
    this.sendLanes(this.task ? oneMore(this.lanes, this.task) : null);
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    this.freezing.show(frozen);
  }

  /** @param {Message} header @param {Tables} arrays */
  receive(header, arrays) {
    receive(this, header, arrays);
  }

  /** Take the task of this name, and show its first sample. @param {string} name */
  choose(name) {
    choose(this, name);
  }

  /** Settings and lanes as the server has them. @param {Settings} settings @param {Lane[]} lanes @param {Record<string, Past>} past */
  show(settings, lanes, past = {}) {
    show(this, settings, lanes, past);
  }

  clear() {
    clear(this);
  }

  /** The head whose attention is drawn, -1 for the mean of all. */
  get head() {
    return Number(this.byId("head").value) - 1;
  }

  get layer() {
    return Math.max(0, Number(this.byId("layer").value) - 1);
  }

  get isCamera() {
    return ["camera", "device"].includes(this.settings?.source ?? "");
  }

  /** @param {string | null} sentence */
  notice(sentence) {
    const element = this.byId("notice");
    element.hidden = !sentence;
    element.textContent = sentence || "";
    // Over the navigation, which has room, and no figures under it.
    const toast = part(this.root, ".toast");
    toast.popover = "manual";
    toast.togglePopover(Boolean(sentence));
  }

  /** Offer a way on beside what is said. @param {string} words @param {() => void} go */
  offer(words, go) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: words, onclick: go });
    this.byId("notice").append(" ", button);
  }

  /** Say this beside what is said. @param {string} sentence */
  noticeAlso(sentence) {
    this.notice(`${this.byId("notice").textContent} ${sentence}`.trim());
  }

  /** Close the last thing that was opened over or into the page: whether there was one. */
  closeOne() {
    const notice = this.byId("notice");
    if (!this.byId("correct").hidden) this.correcting.close();
    else if (this.explaining.on) this.explaining.show(false);
    else if (!this.byId("key-help").hidden) this.byId("help").click();
    else if (!notice.hidden) this.notice(null);
    else if (this.presenter.on) this.presenter.show(false);
    else if (this.drawer.open) this.drawer.show(false);
    else return false;
    return true;
  }

  stop() {
    this.animation.stop();
    this.endKeys();
    this.sources.stop();
    this.socket.close();
  }
}

/**
 * Mount the live surface once; further renders of the component leave it alone.
 * @param {HTMLElement} parent
 * @param {LiveData} data
 */
export function mount(parent, data) {
  /** @type {HTMLElement & {livePage?: LivePage}} */
  const root = part(parent, ".cla-live");
  root.livePage ??= new LivePage(root, data);
  const page = root.livePage;
  // Streamlit calls this before each new render too; only a surface that has left the page ends.
  return () => setTimeout(() => root.isConnected || page.stop());
}

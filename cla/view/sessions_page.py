"""The Sessions page: what was recorded, to be replayed, compared, downloaded and deleted."""

import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from cla.engine import Recording, changes, pack
from cla.errors import ClaError
from cla.models import LaneSpec, Span, TaskModel
from cla.server.shelf import Shelf
from cla.telemetry import device_name
from cla.texts import Texts
from cla.view.cache import Cache
from cla.view.clip_analysis import player_message
from cla.view.clip_choice import choose_lane
from cla.view.clip_figures import predictions
from cla.view.figures import show
from cla.view.frame import complain, page_head
from cla.view.lane_scores import FULL
from cla.view.session_records import lane_system, lane_title, marks, recorded_lanes
from cla.view.session_replay import SessionReplay, replay_session
from cla.view.settings import choice
from cla.view.surface import surface
from cla.view.visitor import visitor

MOST_REPLAYS = 3
MAX_UPLOAD_MB = 200
MAX_TITLE = 60
CHOSEN, TURN, WHY_NOT = "session", "session_turn", "session_refused"
HERE = "session_here"


@st.cache_resource(scope="session")
def _replays() -> Cache[SessionReplay]:
    return Cache(MOST_REPLAYS)


def sessions_page() -> None:
    """Draw the page."""
    say = page_head("sessions")
    shelf = visitor().shelf
    if shelf is None:
        st.info(say("sessions.off"))
        return
    recordings = {recording.folder.name: recording for recording in shelf.recordings()}
    if recordings:
        name = choice(
            st.selectbox,
            say("sessions.choose"),
            list(recordings),
            default=next(iter(recordings)),
            key=CHOSEN,
            format_func=lambda name: _title(say, recordings[name]),
        )
        if st.session_state.pop(HERE, False):
            st.info(say("sessions.here"))
        _keep_or_delete(say, shelf, recordings[name])
        try:
            _open(say, recordings[name])
        except ClaError as error:
            complain(say, error)
    else:
        st.info(say("sessions.empty"))
        st.page_link("live.py", label=say("sessions.to_live"))
    _upload(say, shelf)


def _title(say: Texts, recording: Recording) -> str:
    about = recording.manifest
    source = say.section("sample").get(about.source, about.source or about.task)
    size = say.number(recording.size_bytes / 2**20, 1)
    named = f"{recording.title} · " if recording.title else ""
    return f"{named}{about.started[:16].replace('T', ' ')} UTC · {source} · {size} MB"


def _keep_or_delete(say: Texts, shelf: Shelf, recording: Recording) -> None:
    name = recording.folder.name

    def zipped() -> bytes:
        content = io.BytesIO()
        pack(recording.folder, content)
        return content.getvalue()

    def delete() -> None:
        shelf.delete(name)
        st.session_state.pop(CHOSEN, None)

    key = f"session_title_{name}"

    def rename() -> None:
        try:
            recording.rename(st.session_state[key])
        except ClaError as error:
            st.session_state[WHY_NOT] = error

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            say("sessions.title_of"), recording.title, max_chars=MAX_TITLE, key=key,
            on_change=rename, width=340,
        )  # fmt: skip
        st.download_button(
            say("sessions.download"), zipped, f"cla-session-{name}.zip", "application/zip",
            key="download", on_click="ignore",
        )  # fmt: skip
        with st.popover(say("sessions.delete")):
            st.markdown(say("sessions.delete_sure"))
            st.button(say("sessions.delete_now"), key="delete", on_click=delete)
    kept = "kept_own" if visitor().local else "kept_visitor"
    limits = shelf.limits
    st.markdown(
        say(
            f"sessions.{kept}",
            most=limits.max_recordings,
            minutes=say.number(limits.recording.max_s / 60),
            size=say.number(limits.recording.max_bytes / 2**20),
            folder=f"`{_from_home(shelf.folder)}`",
        )
    )


def _from_home(folder: Path) -> Path:
    home = Path.home()
    return "~" / folder.relative_to(home) if folder.is_relative_to(home) else folder


def _open(say: Texts, recording: Recording) -> None:
    about = recording.manifest
    found = marks(say, recording)
    try:
        task = recording.task()
    except ClaError as error:
        st.warning(f"{say('sessions.no_task', task=about.task)} {error.message.said(say.language)}")
    else:
        _replay(say, recording, task, found)
    lanes = recorded_lanes(say, recording)
    if lanes:
        chart = predictions(say, say("sessions.chart"), about.labels, lanes, marks=found)
        show(chart, "recorded", say("sessions.chart_alt"))


def _replay(say: Texts, recording: Recording, task: TaskModel, found: Sequence[Span]) -> None:
    which = choice(
        st.segmented_control,
        say("sessions.lanes"),
        ["recorded", "other"],
        default="recorded",
        key="replay",
        format_func=lambda name: say(f"sessions.lanes_{name}"),
        required=True,
    )
    lanes: list[LaneSpec] = []
    if which == "other":
        _, config = choose_lane(say, task)
        lanes = [FULL, config]

    def run() -> SessionReplay:
        bar = st.progress(0.0, say("sessions.replaying"))
        try:
            return replay_session(recording, task, lanes, tuple(found), bar.progress)
        finally:
            bar.empty()

    key = (recording.folder.name, recording.size_bytes, tuple(lanes), say.language)
    replayed = _replays().get(key, run)
    _verdict(say, recording, task, replayed)
    begun = lanes or recording.manifest.lanes
    titles = [lane_title(say, name, lane_system(name, begun)) for name in replayed.lanes]
    message = player_message(say, replayed.analysis, task, titles)
    surface("cla-clip", "clip_player.js", key="player", data=message)


def _verdict(say: Texts, recording: Recording, task: TaskModel, replayed: SessionReplay) -> None:
    """What the replay says of the recording, in figures and in a sentence."""
    analysis, check = replayed.analysis, replayed.check
    with st.container(horizontal=True):
        duration = say.number(recording.duration_s, 1)
        st.metric(say("clips.duration"), f"{duration} s", border=True)
        st.metric(say("sessions.tokens"), say.number(len(analysis.clip.tokens.tokens)), border=True)
        if replayed.agreement is not None:
            agreement = say.number(100 * replayed.agreement, 1)
            st.metric(say("sessions.agreement"), f"{agreement} %", border=True)
        if check:
            verdict = say("sessions.equal" if check.equal else "sessions.differs")
            st.metric(
                say("sessions.replay"), verdict, border=True,
                help=say("sessions.replay_help", tokens=say.number(check.compared)),
            )  # fmt: skip
    if check and not check.equal:
        changed = ", ".join(changes(recording, task)) or device_name()
        st.warning(say("sessions.difference", first=str(check.difference), changed=changed))
    if recording.cut_off:
        st.markdown(say("sessions.cut_off"))
    if not replayed.whole:
        st.markdown(say("sessions.part", folder=recording.folder.name))


def _upload(say: Texts, shelf: Shelf) -> None:
    # Another key is an empty uploader: what has been taken is not taken again.
    key = f"session_upload_{st.session_state.setdefault(TURN, 0)}"

    def take() -> None:
        content = st.session_state[key]
        if content is None:
            return
        try:
            # Before the page is drawn anew, which then shows what has come.
            known = {recording.folder.name for recording in shelf.recordings()}
            name = st.session_state[CHOSEN] = shelf.add(content)
            st.session_state[HERE] = name in known
            st.session_state[TURN] += 1
        except ClaError as error:
            st.session_state[WHY_NOT] = error

    st.file_uploader(
        say("sessions.upload"),
        type=["zip"],
        help=say("sessions.upload_help"),
        max_upload_size=min(MAX_UPLOAD_MB, shelf.limits.recording.max_bytes // 2**20),
        key=key,
        on_change=take,
    )
    if why_not := st.session_state.pop(WHY_NOT, None):
        complain(say, why_not)

"""What a visitor chooses: the task, samples of it and uploads, window and lane."""

import streamlit as st

from cla.capture import sample_clips
from cla.errors import ClaError
from cla.models import LONGEST_WINDOW, LaneSpec, TaskModel
from cla.texts import Texts
from cla.view.clip_source import Clip, sample, uploaded_clip
from cla.view.fetch_offer import offer_fetch
from cla.view.frame import UPLOADS, complain, tell
from cla.view.live_app import clip_tasks
from cla.view.recorded import recorded
from cla.view.settings import choice, choices
from cla.view.systems import System, low_rank_systems, system_title, systems

MOST_UPLOADS = 4
MOST_RECORDED_S = 30.0
MOST_TAKEN_MB = 200
"""What uploads take; whatever is wrong with a file, its size too, is said on the page."""


DEFAULT_LANDMARKS = 16


def choose_task(say: Texts) -> TaskModel:
    """Let the visitor choose what is recognized in the clips."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        found = clip_tasks()
        name = choice(
            st.segmented_control,
            say("clip.task"),
            list(found),
            default=next(iter(found)),
            key="task",
            format_func=lambda name: say(f"page.task_{name}"),
            required=True,
            wrap=True,
        )
        offer_fetch(say)
    return found[name]


def choose_clip(say: Texts, task: TaskModel) -> Clip | None:
    """Let the visitor choose one clip; None where their upload cannot be read."""
    titles = {clip.name: say(f"sample.{clip.name}") for clip in sample_clips(task.name)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = choice(
            st.selectbox,
            say("clip.sample"),
            list(titles),
            default=next(iter(titles)),
            key="clip",
            format_func=titles.__getitem__,
            width=340,
        )
        with st.container(key=UPLOADS):
            upload = st.file_uploader(
                say("clip.upload"),
                help=say(f"clip.upload_help_{task.input}"),
                max_upload_size=MOST_TAKEN_MB,
                key=f"upload-{task.name}",
            )
        own = _recorded(say, task)
    if upload:
        return _uploaded(say, task, upload.name, upload.getvalue())
    if own:
        return _uploaded(say, task, say("clip.recorded"), own)
    return sample(say, task, name)


def choose_clips(say: Texts, task: TaskModel) -> list[Clip]:
    """Let the visitor choose any number of clips; uploads that cannot be read are left out."""
    titles = {clip.name: say(f"sample.{clip.name}") for clip in sample_clips(task.name)}
    names = choices(say("clip.samples"), list(titles), key="clips", format_func=titles.__getitem__)
    with st.container(key=UPLOADS):
        uploads = st.file_uploader(
            say("clip.uploads"),
            help=say(f"clip.upload_help_{task.input}"),
            accept_multiple_files=True,
            max_upload_size=MOST_TAKEN_MB,
            key=f"uploads-{task.name}",
        )
    if len(uploads) > MOST_UPLOADS:
        st.warning(say("clip.too_many", most=MOST_UPLOADS))
    clips = [sample(say, task, name) for name in names]
    given = [(upload.name, upload.getvalue()) for upload in uploads[:MOST_UPLOADS]]
    if own := _recorded(say, task):
        given.append((say("clip.recorded"), own))
    read = [_uploaded(say, task, *each) for each in given]
    return clips + [clip for clip in read if clip]


def _recorded(say: Texts, task: TaskModel) -> bytes | None:
    """What the visitor has recorded for a task; of pictures, which come once, the newest stays."""
    if task.joints:
        return None
    kept = f"recorded-{task.name}"
    with st.popover(say(f"clip.record_{task.input}")):
        made = recorded(say, task.input, task.name, MOST_RECORDED_S)
        if task.input == "sound":
            return made
        if made:
            st.session_state[kept] = made
        own: bytes | None = st.session_state.get(kept)
        if own and st.button(say("clip.forget_recorded"), key=f"forget-{task.name}"):
            own = st.session_state.pop(kept) and None
    return own


def _uploaded(say: Texts, task: TaskModel, name: str, content: bytes) -> Clip | None:
    """A clip of the visitor's own, or None with the reason on the page."""
    try:
        clip = uploaded_clip(say, task, name, content)
    except ClaError as error:
        complain(say, error, name)
        return None
    for notice in clip.tokens.notices:
        tell(say, notice, name)
    return clip


def choose_window(say: Texts, task: TaskModel) -> int | None:
    """Let the visitor choose the window of all lanes, up to the longest; None is the task's."""
    windows = [task.window // 4, task.window // 2, task.window]
    while windows[-1] * 2 < LONGEST_WINDOW:
        windows.append(windows[-1] * 2)
    window = choice(
        st.select_slider,
        say("cost.window"),
        [*windows, LONGEST_WINDOW],
        default=task.window,
        key="n",
        format_func=say.number,
        help=say("lane.window_help", window=task.window),
        width=260,
    )
    return None if window == task.window else window


def choose_lane(say: Texts, task: TaskModel) -> tuple[System, LaneSpec]:
    """Let the visitor choose system and landmarks; both are in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        key = choice(
            st.selectbox,
            say("lane.system"),
            low_rank_systems()[::-1],
            default="fixed",
            key="lane",
            format_func=lambda name: system_title(say, name),
            help=say("lane.system_help"),
            width=340,
        )
        count = choice(
            st.select_slider,
            say("lane.landmarks"),
            task.landmark_counts,
            default=DEFAULT_LANDMARKS,
            key="m",
            help=say("lane.landmarks_help", window=task.window),
            width=260,
        )
    system = systems()[key]
    return system, system.lane(count)

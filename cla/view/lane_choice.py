"""The low-rank lane that a page sets beside full attention."""

import streamlit as st

from cla.models import LONGEST_WINDOW, LaneSpec, TaskModel
from cla.texts import Texts
from cla.view.settings import choice
from cla.view.systems import System, low_rank_systems, system_title, systems

DEFAULT_LANDMARKS = 16


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
    with st.container(horizontal=True, vertical_alignment="bottom"):
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

"""The low-rank lane that a page sets beside full attention."""

import streamlit as st

from cla.engine import LaneConfig
from cla.models import TaskModel
from cla.texts import Texts
from cla.view.settings import choice
from cla.view.systems import System, low_rank_systems, system_title, systems

DEFAULT_LANDMARKS = 16


def lane_config(system: System, num_landmarks: int) -> LaneConfig:
    """The lane of a system with this many landmarks."""
    if not system.low_rank:
        return LaneConfig(system.kind)
    return LaneConfig(system.kind, num_landmarks, system.landmark_mode)


def choose_lane(say: Texts, task: TaskModel) -> tuple[System, LaneConfig]:
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
    return system, lane_config(system, count)

"""The Clips page: a whole clip analyzed at once, then played and scrubbed."""

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from cla.telemetry import device_name
from cla.texts import Texts
from cla.view.cache import Cache
from cla.view.clip_analysis import ClipAnalysis, analyze_clip, player_message
from cla.view.clip_choice import choose_clip, choose_lane, choose_task, choose_window
from cla.view.clip_figures import DrawnLane, predictions
from cla.view.figures import show
from cla.view.frame import page_head, plain
from cla.view.lane_scores import FULL
from cla.view.surface import surface
from cla.view.systems import FULL_SYSTEM, system_title, title_with_landmarks

MOST_ANALYSES = 3


@st.cache_resource(scope="session")
def _analyses() -> Cache[tuple[ClipAnalysis, float]]:
    return Cache(MOST_ANALYSES)


def clips_page() -> None:
    """Draw the page."""
    say = page_head("clips")
    task = choose_task(say)
    clip = choose_clip(say, task)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        system, config = choose_lane(say, task)
        window = choose_window(say, task)
    full, config = (replace(each, window=window) for each in (FULL, config))
    if clip is None:
        return

    def analyze() -> tuple[ClipAnalysis, float]:
        bar = st.progress(0.0, say("clips.analyzing"))
        start = time.perf_counter()
        analysis = analyze_clip(task, [full, config], clip, bar.progress)
        bar.empty()
        return analysis, time.perf_counter() - start

    analysis, seconds = _analyses().get((clip.name, config), analyze)
    st.markdown(f"### {plain(clip.title)}")
    _figures(say, analysis, seconds)
    systems = [FULL_SYSTEM, system]
    counts = None, config.num_landmarks
    titles = [
        title_with_landmarks(say, each.key, count)
        for each, count in zip(systems, counts, strict=True)
    ]
    message = player_message(say, analysis, task, titles)
    surface("cla-clip", "clip_player.js", key="player", data=message)
    lanes = [
        DrawnLane(
            system_title(say, each.key),
            each.color,
            clip.tokens.times_s,
            np.stack([record.probabilities for record in records]),
            [record.event for record in records if record.event],
        )
        for each, records in zip(systems, analysis.lanes, strict=True)
    ]
    chart = predictions(say, say("clips.chart"), task.labels, lanes, words=clip.words or ())
    show(chart, "predictions", say("clips.chart_alt"))


def _figures(say: Texts, analysis: ClipAnalysis, seconds: float) -> None:
    full, low = analysis.operations
    duration_s = analysis.clip.tokens.duration_s
    with st.container(horizontal=True):
        st.metric(say("clips.duration"), f"{say.number(duration_s, 1)} s", border=True)
        st.metric(
            say("clips.speed"),
            say("cost.factor", times=say.number(duration_s / seconds)),
            border=True,
            help=say("clips.speed_help", device=device_name()),
        )
        st.metric(
            say("clips.agreement"), f"{say.number(100 * analysis.agreement, 1)} %", border=True
        )
        if full is None or low is None:
            st.metric(say("clips.fewer"), say("cost.not_counted"), border=True)
        else:
            st.metric(
                say("clips.fewer"),
                say("cost.factor", times=say.number(full / low, 1)),
                border=True,
                help=say("clips.fewer_help", full=say.number(full), low=say.number(low)),
            )

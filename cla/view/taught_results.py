"""What came of teaching: scores, confusion matrix, the file, and the way to the Live page."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cla.attention import LOW_RANK
from cla.models import TaskModel, lane_title, write_task_file
from cla.teaching import LaneScore, Taught
from cla.texts import Texts
from cla.view.figures import figure, show
from cla.view.own_task import keep_own_task

SHADES = [[0.0, "#e6f0f8"], [1.0, "#1b6aa5"]]
"""Opaque: numbers stand on them in black or white, whatever the page's ground."""


def show_taught(say: Texts, taught: Taught) -> None:
    """Draw it all."""
    task = taught.task
    st.markdown(f"### {say('teach.result')}")
    run_or_keep(say, task, "taught")
    if not taught.scores:
        st.info(say("teach.no_scores"))
        return
    _figures(say, taught)
    titles = [lane_title(score.lane, say.language) for score in taught.scores]
    shown = st.selectbox(
        say("teach.lane"), range(len(titles)), format_func=titles.__getitem__, key="taught-lane"
    )
    chart = confusion_chart(say, task, taught.scores[shown])
    show(chart, "confusion", say("teach.confusion_alt"))
    with st.expander(say("teach.all_lanes")):
        st.table(lane_table(say, taught))


def run_or_keep(say: Texts, task: TaskModel, key: str) -> None:
    """Buttons that run a task on the Live page, and download it."""
    with st.container(horizontal=True):
        if st.button(say("teach.run"), type="primary", key=f"run-{key}"):
            st.switch_page("live.py", query_params={"task": keep_own_task(task)})
        st.download_button(
            say("teach.download"),
            write_task_file(task),
            file_name="my_classes.safetensors",
            mime="application/octet-stream",
            on_click="ignore",
            key=f"download-{key}",
        )


def confusion_chart(say: Texts, task: TaskModel, score: LaneScore) -> go.Figure:
    """The confusion matrix of held-out tokens, as shares of each row."""
    totals = np.maximum(score.confusion.sum(1, keepdims=True), 1)
    shares = 100 * score.confusion / totals
    labels = [say("teach.none"), *task.labels[1:]]
    chart = figure(say, say("teach.confusion"), say("teach.said"), say("teach.true"))
    chart.add_trace(
        go.Heatmap(
            z=shares,
            x=labels,
            y=labels,
            zmin=0,
            zmax=100,
            colorscale=SHADES,
            text=[[f"{say.number(share)} %" for share in row] for row in shares],
            texttemplate="%{text}",
            customdata=score.confusion,
            hovertemplate=say("teach.hover"),
            colorbar={"thickness": 10, "ticksuffix": " %"},
        )
    )
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(type="category")
    return chart


def lane_table(say: Texts, taught: Taught) -> dict[str, list[str]]:
    """Every kind of attention, by the table's columns."""
    scores = taught.scores
    return {
        say("teach.attention"): [lane_title(score.lane, say.language) for score in scores],
        say("teach.right"): [say.number(100 * score.accuracy, 1) for score in scores],
        say("clips.agreement"): [say.number(100 * score.agreement, 1) for score in scores],
    }


def _figures(say: Texts, taught: Taught) -> None:
    card: Any = taught.task.card
    low = [score for score in taught.scores if score.lane.startswith(f"{LOW_RANK} fixed")]
    with st.container(horizontal=True):
        full = taught.scores[0]
        _share(say, say("teach.full_right"), full.accuracy)
        if low:
            worst = min(low, key=lambda score: score.accuracy)
            _share(say, say("teach.low_right"), worst.accuracy)
            _share(say, say("clips.agreement"), min(score.agreement for score in low))
        if isinstance(card.get("seconds"), int | float):
            st.metric(say("teach.time"), f"{say.number(card['seconds'], 1)} s", border=True)


def _share(say: Texts, title: str, share: float) -> None:
    st.metric(title, f"{say.number(100 * share, 1)} %", border=True)

"""Probabilities of all labels over a clip or a recording, lane above lane."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cla.models import Span
from cla.texts import Texts
from cla.types import Event
from cla.view.figures import MARK, figure

MAX_LABELS_EACH = 16
"""Beyond so many labels not every one is named."""


class DrawnLane(NamedTuple):
    """A lane as it is drawn.

    Shapes:
        times_s: (T,)
        probabilities: (T, C)
    """

    title: str
    color: str
    times_s: NDArray[np.floating]
    probabilities: NDArray[np.float32]
    events: Sequence[Event]


def predictions(
    say: Texts,
    title: str,
    labels: Sequence[str],
    lanes: Sequence[DrawnLane],
    *,
    words: Sequence[Span] = (),
    marks: Sequence[Span] = (),
) -> go.Figure:
    """A map for each lane, with its events.

    Args:
        words: what is said, and when.
        marks: what happened, named above the uppermost lane.
    """
    chart = make_subplots(
        rows=len(lanes),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=min(0.14, 0.3 / len(lanes)),
        subplot_titles=[lane.title for lane in lanes],
    )
    named = [label.replace("_", " ") for label in labels[1:]]
    height = 60 + len(lanes) * (70 + 16 * len(named))
    chart.update_layout(figure(say, title, "", "", height=height).layout)
    for place, lane in enumerate(lanes, 1):
        maps = go.Heatmap(
            x=lane.times_s, y=named, z=lane.probabilities[:, 1:].T, zmin=0, zmax=1,
            showscale=False, name="", hovertemplate=say("clips.hover"),
            colorscale=[[0, "rgba(128, 128, 128, 0.06)"], [1, lane.color]],
        )  # fmt: skip
        chart.add_trace(maps, row=place, col=1)
        events = go.Scatter(
            x=[event.time_s for event in lane.events],
            y=[event.label.replace("_", " ") for event in lane.events],
            mode="markers", name=say("clips.event"), showlegend=place == 1,
            marker={"symbol": "triangle-left", "size": 11, "color": MARK,
                    "line": {"width": 1, "color": "white"}},
        )  # fmt: skip
        chart.add_trace(events, row=place, col=1)
        for index, word in enumerate(words):
            said = go.Scatter(
                x=[word.start_s, word.end_s], y=[word.label.replace("_", " ")] * 2, mode="lines",
                line={"color": MARK, "width": 3}, name=say("clips.said"),
                showlegend=place == 1 and index == 0, legendgroup="said",
            )  # fmt: skip
            chart.add_trace(said, row=place, col=1)
    for mark in marks:
        chart.add_vline(
            x=mark.start_s, line={"color": MARK, "width": 1, "dash": "dot"},
            annotation={"text": mark.label, "font": {"size": 10}}, row=1, col=1,
        )  # fmt: skip
    chart.update_xaxes(title=say("clips.time"), row=len(lanes), col=1)
    chart.update_yaxes(autorange="reversed", dtick=1 if len(labels) <= MAX_LABELS_EACH else 2)
    chart.update_layout(margin={"t": 76})
    return chart

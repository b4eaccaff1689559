"""Charts of a whole clip."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cla.models import TaskModel
from cla.telemetry import LaneRecord
from cla.texts import Texts
from cla.view.clip_analysis import ClipAnalysis
from cla.view.figures import MARK, figure
from cla.view.systems import System, system_title


def predictions(
    say: Texts, task: TaskModel, analysis: ClipAnalysis, systems: Sequence[System]
) -> go.Figure:
    """Probabilities of all labels over the clip, lane above lane, with events and spoken words."""
    chart = make_subplots(
        rows=len(systems),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.14,
        subplot_titles=[system_title(say, system.key) for system in systems],
    )
    base = figure(
        say, say("clips.chart"), "", "", height=(110 + 18 * len(task.labels)) * len(systems)
    )
    chart.update_layout(base.layout)
    for place, (system, records) in enumerate(zip(systems, analysis.lanes, strict=True), 1):
        _add_lane(chart, say, task, (place, analysis, system, records))
    chart.update_xaxes(title=say("clips.time"), row=len(systems), col=1)
    chart.update_yaxes(autorange="reversed", dtick=1)
    chart.update_layout(margin={"t": 76})
    return chart


def _add_lane(
    chart: go.Figure,
    say: Texts,
    task: TaskModel,
    lane: tuple[int, ClipAnalysis, System, Sequence[LaneRecord]],
) -> None:
    place, analysis, system, records = lane
    labels = task.labels[1:]
    values = np.stack([record.probabilities[1:] for record in records]).T
    chart.add_trace(
        go.Heatmap(
            x=analysis.clip.tokens.times_s, y=labels, z=values, zmin=0, zmax=1, showscale=False,
            colorscale=[[0, "rgba(128, 128, 128, 0.06)"], [1, system.color]],
            hovertemplate=say("clips.hover"), name="",
        ),
        row=place, col=1,
    )  # fmt: skip
    events = [record.event for record in records if record.event]
    chart.add_trace(
        go.Scatter(
            x=[event.time_s for event in events], y=[event.label for event in events],
            mode="markers", name=say("clips.event"), showlegend=place == 1,
            marker={"symbol": "triangle-left", "size": 11, "color": MARK,
                    "line": {"width": 1, "color": "white"}},
        ),
        row=place, col=1,
    )  # fmt: skip
    for index, word in enumerate(analysis.clip.words or ()):
        chart.add_trace(
            go.Scatter(
                x=[word.start_s, word.end_s], y=[word.label, word.label], mode="lines",
                line={"color": MARK, "width": 3}, name=say("clips.said"),
                showlegend=place == 1 and index == 0, legendgroup="said",
            ),
            row=place, col=1,
        )  # fmt: skip

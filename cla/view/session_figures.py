"""Charts of a recorded session."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cla.models import Span
from cla.texts import Texts
from cla.view.figures import MARK, figure
from cla.view.session_records import RecordedLane, lane_title

MAX_LABELS_EACH = 16
"""Beyond so many labels not every one is named."""


def recorded_predictions(
    say: Texts, labels: Sequence[str], lanes: Sequence[RecordedLane], marks: Sequence[Span]
) -> go.Figure:
    """Probabilities of all labels over the recording, lane above lane, with events and commands."""
    chart = make_subplots(
        rows=len(lanes),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=min(0.14, 0.3 / len(lanes)),
        subplot_titles=[lane_title(say, lane.name, lane.system) for lane in lanes],
    )
    height = 60 + len(lanes) * (70 + 16 * len(labels[1:]))
    chart.update_layout(figure(say, say("sessions.chart"), "", "", height=height).layout)
    for place, lane in enumerate(lanes, 1):
        chart.add_trace(
            go.Heatmap(
                x=lane.times_s, y=[label.replace("_", " ") for label in labels[1:]],
                z=lane.probabilities[:, 1:].T,
                zmin=0, zmax=1, showscale=False, name="", hovertemplate=say("clips.hover"),
                colorscale=[[0, "rgba(128, 128, 128, 0.06)"], [1, lane.system.color]],
            ),
            row=place, col=1,
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[event.time_s for event in lane.events],
                y=[event.label.replace("_", " ") for event in lane.events],
                mode="markers", name=say("clips.event"), showlegend=place == 1,
                marker={"symbol": "triangle-left", "size": 11, "color": MARK,
                        "line": {"width": 1, "color": "white"}},
            ),
            row=place, col=1,
        )  # fmt: skip
    for mark in marks:
        chart.add_vline(
            x=mark.start_s,
            line={"color": MARK, "width": 1, "dash": "dot"},
            annotation={"text": mark.label, "font": {"size": 10}},
            row=1,
            col=1,
        )
    chart.update_xaxes(title=say("clips.time"), row=len(lanes), col=1)
    chart.update_yaxes(autorange="reversed", dtick=1 if len(labels) <= MAX_LABELS_EACH else 2)
    chart.update_layout(margin={"t": 76})
    return chart

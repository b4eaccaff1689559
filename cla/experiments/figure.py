"""Accuracy against operations, as the paper draws it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cla.attention import all_systems
from cla.errors import ClaError
from cla.experiments.lanes import system_name
from cla.experiments.table import Line
from cla.files import make_folder, write_file
from cla.models import LaneSpec

AXES = {
    "stream_clips": "clips named right, %",
    "stream_average_precision": "mAP, %",
    "stream_found": "found, %",
}
"""What is drawn: the first of these that the table has."""
FORMATS = (".html", ".json", ".png", ".svg")


def figure_of(lines: Sequence[Line]) -> Any:
    """A curve for each system and number of layers, a point for each number of landmarks."""
    from plotly import graph_objects

    measure = next((name for name in AXES if any(name in line.values for line in lines)), None)
    if measure is None:
        raise ClaError("figure_empty")
    figure = graph_objects.Figure()
    colors = {
        system_name(LaneSpec(one.kind, landmark_mode=one.landmark_mode or "fixed")): one.look.color
        for one in all_systems()
        if one.look
    }
    curves: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        if "operations" in line.values and measure in line.values:
            group = line.group
            key = (group["system"], _sizes(group, lines), _weights(group["trained_with"]))
            curves.setdefault(key, []).append(line)
    several = len({weights for _, _, weights in curves}) > 1
    for (system, sizes, weights), points in curves.items():
        points = sorted(points, key=lambda line: line.values["operations"].mean)
        scores = [line.values[measure] for line in points]
        name = f"{system}, {sizes}"
        first = points[0].group
        figure.add_scatter(
            x=[line.values["operations"].mean for line in points],
            y=[score.mean for score in scores],
            error_y={"type": "data", "array": [score.deviation or 0 for score in scores]},
            text=[f"M = {line.group['landmarks']}" if line.group["landmarks"] else ""
                  for line in points],
            mode="lines+markers",
            name=f"{name} ({weights})" if several else name,
            line={"color": colors.get(system), "dash": _dash(first)},
            marker={"symbol": "circle" if weights == "any" else "diamond", "size": 9},
        )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "multiply-adds of the attention a step", "type": "log"},
        yaxis={"title": AXES[measure]},
        template="plotly_white",
        legend={"title": "system"},
    )
    return figure


def _sizes(group: dict[str, Any], lines: Sequence[Line]) -> str:
    """The layers of a curve, and the window where the table has several."""
    text = f"{group['layers']} layer{'s' * (group['layers'] > 1)}"
    if group["stack"] == "cascaded":
        text += " (cascaded)"
    several = len({line.group["window"] for line in lines if line.group["layers"]}) > 1
    return f"{text}, N = {group['window']}" if several else text


def _dash(group: dict[str, Any]) -> str:
    if group["layers"] == 1:
        return "solid"
    return "dot" if group["stack"] == "cascaded" else "dash"


def _weights(trained_with: str) -> str:
    return "any" if trained_with == "any" else "own"


def write_figure(lines: Sequence[Line], path: Path) -> None:
    """Draw to a page, a picture, or Plotly's JSON, by the ending.

    Raises:
        ClaError: another ending, or the picture needs what is not installed.
    """
    if path.suffix not in FORMATS:
        raise ClaError("figure_ending_unknown", file=path.name, choices=", ".join(FORMATS))
    figure = figure_of(lines)
    make_folder(path.parent)
    if path.suffix == ".html":
        content = figure.to_html(include_plotlyjs=True).encode()
    elif path.suffix == ".json":
        content = figure.to_json().encode()
    else:
        try:
            content = figure.to_image(path.suffix[1:])
        except (RuntimeError, ValueError) as error:
            raise ClaError("figure_not_drawn", ending=path.suffix, reason=error) from error
    write_file(path, content)

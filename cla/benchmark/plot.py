"""Step time against window length, on logarithmic axes."""

from importlib.util import find_spec
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cla.benchmark.cases import GROWTH, SYSTEMS
from cla.benchmark.report import heading
from cla.benchmark.run import Measurement
from cla.errors import ClaError
from cla.files import write_file

PANELS = (
    ("single_output", "Newest output only"),
    ("retroactive", "Outputs of the whole window"),
)


def check_plot_path(path: Path) -> None:
    """Raise, before anything is measured, where a plot could not be written.

    Raises:
        ClaError: an ending other than .html and .png, a missing folder, or PNG without kaleido.
    """
    if path.suffix not in (".html", ".png"):
        raise ClaError("plot_ending_unknown", path=path)
    if not path.parent.is_dir():
        raise ClaError("plot_folder_missing", folder=path.parent)
    if path.suffix == ".png" and find_spec("kaleido") is None:
        raise ClaError("kaleido_missing")


def write_plot(measurement: Measurement, path: Path) -> None:
    """Write the plot as a page that needs no network, or as a picture.

    Raises:
        ClaError: see `check_plot_path`.
    """
    check_plot_path(path)
    figure = make_figure(measurement)
    if path.suffix == ".png":
        content = figure.to_image("png", width=1_300, height=650, scale=2)
    else:
        content = figure.to_html(include_plotlyjs=True).encode()
    write_file(path, content)


def make_figure(measurement: Measurement) -> go.Figure:
    """Median times of a whole layer's step; with continual landmarks the mean."""
    figure = make_subplots(
        cols=len(PANELS), subplot_titles=[title for _, title in PANELS], shared_yaxes=True
    )
    for column, (output, _) in enumerate(PANELS, 1):
        for index, (name, system) in enumerate(SYSTEMS.items()):
            points = [
                (case.window, (timing.amortized_s if system.ticks else timing.median_s) * 1e6)
                for case, timing in measurement.timings.items()
                if case.group != GROWTH
                and (case.system, case.output, case.scope) == (name, output, "layer")
            ]
            if points:
                figure.add_scatter(
                    x=[window for window, _ in points],
                    y=[micros for _, micros in points],
                    name=name,
                    legendgroup=name,
                    showlegend=column == 1,
                    mode="lines+markers",
                    line={
                        "color": COLORS[index % len(COLORS)],
                        "dash": "dot" if name.startswith(("torch", "continual-")) else "solid",
                    },
                    row=1,
                    col=column,
                )
    figure.update_xaxes(type="log", title="window N (tokens)", dtick=1)
    figure.update_yaxes(type="log", dtick=1)
    figure.update_yaxes(title="time of one step (µs)", col=1)
    figure.update_layout(
        title={
            "text": "Time of one step of an attention layer",
            "subtitle": {"text": heading(measurement)},
        },
        template="plotly_white",
        legend={"orientation": "h", "y": -0.2},
    )
    return figure


# Okabe and Ito's colors, which the color-blind can tell apart. What has one in common is dotted
# in one case and solid in the other.
COLORS = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7", "#999999",
)  # fmt: skip

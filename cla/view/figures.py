"""The common ground of all charts: titles, units, colors, numbers as the language writes them."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cla.texts import Texts

GRID = "rgba(128, 128, 128, 0.25)"
MARK = "#7a7a7a"
DIVERGING = [[0.0, "#d55e00"], [0.5, "rgba(128, 128, 128, 0.08)"], [1.0, "#2a86c8"]]
"""Negative is orange and positive is blue on every chart, as on the Live page."""


def figure(say: Texts, title: str, x_title: str, y_title: str, height: int = 380) -> go.Figure:
    """An empty chart with its title and the axes' names and units."""
    chart = go.Figure()
    chart.update_layout(
        title={"text": title, "font": {"size": 16}, "x": 0, "xref": "container"}
        | {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 8}},
        margin={"l": 10, "r": 10, "t": 44, "b": 10},
        height=height,
        separators=say.separators,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        hoverlabel={"namelength": -1},
        dragmode=False,
    )  # fmt: skip
    chart.update_xaxes(title=x_title, gridcolor=GRID, automargin=True)
    chart.update_yaxes(title=y_title, gridcolor=GRID, automargin=True)
    return chart


def log_axis(axis: Any) -> None:
    """Whole powers of ten alone are named on a logarithmic axis."""
    axis.update(type="log", exponentformat="power", dtick=1)


def heatmap(values: Any, hover: str, **options: Any) -> go.Heatmap:
    """A map of numbers of either sign, its colors centered at zero."""
    largest = max(float(abs(values).max()), 1e-9)
    return go.Heatmap(
        z=values, zmin=-largest, zmax=largest, colorscale=DIVERGING, hovertemplate=hover,
        colorbar={"thickness": 10, "len": 0.9}, **options,
    )  # fmt: skip


def show(chart: go.Figure, key: str, description: str) -> None:
    """Draw a chart; `description` is what a screen reader says of it."""
    st.plotly_chart(chart, key=key, alt=description, config={"displayModeBar": False})

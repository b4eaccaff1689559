"""The small figures of the Learn page: all drawn from a real clip and the shipped model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cla.attention.cuts import stretches
from cla.engine import ClipTokens, LaneMoment
from cla.features import HOP_SAMPLES
from cla.texts import Texts
from cla.view.drift import Drift
from cla.view.figures import MARK, figure, heatmap, log_axis
from cla.view.systems import (
    EXACT_SYSTEM,
    FIXED_SYSTEM,
    FOLLOWING_SYSTEM,
    FULL_SYSTEM,
    title_with_landmarks,
)

SHADE = "rgba(42, 134, 200, 0.12)"
WORTH = {
    "full": FULL_SYSTEM,
    "exact continual": EXACT_SYSTEM,
    "low rank, fixed, M = 16": FIXED_SYSTEM,
    "low rank, continual, M = 16": FOLLOWING_SYSTEM,
}
"""Lanes of what was measured, and how they are drawn."""
WORTH_LANDMARKS = 16
PENDING = "rgba(213, 94, 0, 0.16)"


def loudness(clip: ClipTokens) -> NDArray[np.float32]:
    """Loudness of each token's 80 ms, (T,), the loudest 1."""
    hops = clip.samples[: len(clip.tokens) * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
    level = np.sqrt((hops**2).mean(-1))
    relative: NDArray[np.float32] = level / level.max()
    return relative


def window_figure(
    say: Texts, clip: ClipTokens, seen: int, window: int, moment: LaneMoment
) -> go.Figure:
    """The stream, the window on it, and where the newest token looks."""
    chart = _stream(say, clip, say("learn.window_title"))
    hop_s = clip.times_s[0]
    first = max(0, seen - window)
    chart.add_vrect(x0=first * hop_s, x1=seen * hop_s, fillcolor=SHADE, line_width=0)
    row = moment.attention.mean(0)[-(seen - first) :]
    chart.add_bar(
        x=(np.arange(first, seen) + 0.5) * hop_s,
        y=row / row.max(),
        name=say("learn.looks"),
        marker={"color": EXACT_SYSTEM.color},
        hoverinfo="skip",
    )
    chart.update_layout(bargap=0.1)
    return chart


def landmarks_figure(
    say: Texts, clip: ClipTokens, seen: int, window: int, landmarks: int
) -> go.Figure:
    """The stretch of time that each landmark stands for, at the mean of what it averages."""
    chart = _stream(say, clip, say("learn.landmarks_title"))
    hop_s, level = clip.times_s[0], loudness(clip)
    parts = stretches(seen, window, landmarks)
    chart.add_vrect(
        x0=max(0, seen - window) * hop_s, x1=seen * hop_s, fillcolor=SHADE, line_width=0
    )
    if parts[-1][1] < seen:
        chart.add_vrect(
            x0=parts[-1][1] * hop_s, x1=seen * hop_s, fillcolor=PENDING, line_width=0,
            annotation_text=say("learn.pending"), annotation_position="outside top",
        )  # fmt: skip
    x: list[float | None] = []
    y: list[float | None] = []
    for start, end in parts:
        x += [start * hop_s, end * hop_s, None]
        y += [float(level[start:end].mean())] * 2 + [None]
    chart.add_scatter(
        x=x, y=y, name=say("learn.landmark"), mode="lines+markers",
        line={"color": FOLLOWING_SYSTEM.color, "width": 4},
        marker={"symbol": "line-ns-open", "size": 10},
        hovertemplate=say("learn.landmark_hover"),
    )  # fmt: skip
    return chart


def factor_figures(
    say: Texts, low: LaneMoment, full: LaneMoment, head: int
) -> dict[str, go.Figure]:
    """Beta, gamma's inverse and delta of one head, their product, and the full map, by name."""
    beta, inverse, delta = (low.factors[name][head] for name in ("beta", "gamma_inv", "delta"))
    whole, product = full.factors["attention"][head], beta @ inverse @ delta
    # One scale for both maps, so that they can be compared.
    limit = float(max(abs(product).max(), abs(whole).max()))
    maps = {"beta": beta, "gamma": inverse, "delta": delta, "product": product, "full": whole}
    charts = {}
    for name, values in maps.items():
        large = name in ("product", "full")
        chart = figure(
            say,
            say(f"learn.{name}"),
            say("learn.marks" if name in ("beta", "gamma") else "learn.tokens"),
            say("learn.marks" if name in ("gamma", "delta") else "learn.tokens"),
            height=360 if large else 280,
        )
        image = heatmap(values, say("learn.map_hover"), showscale=False)
        chart.add_trace(image.update(zmin=-limit, zmax=limit) if large else image)
        chart.update_yaxes(autorange="reversed")
        charts[name] = chart
    return charts


def drift_figure(say: Texts, found: Drift) -> go.Figure:
    """Error of both ways over the steps taken, on logarithmic axes."""
    chart = figure(
        say, say("learn.drift_title"), say("learn.drift_steps"), say("learn.drift_error")
    )
    for look, errors in ((FULL_SYSTEM, found.subtracting), (FIXED_SYSTEM, found.ours)):
        chart.add_scatter(
            x=found.steps, y=errors, mode="lines+markers",
            name=say("learn.ours" if look == FIXED_SYSTEM else "learn.subtracting"),
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"symbol": look.symbol, "size": 6},
            hovertemplate="%{x:,}: %{y:.1e}",
        )  # fmt: skip
    log_axis(chart.layout.xaxis)
    log_axis(chart.layout.yaxis)
    return chart


def worth_figure(say: Texts, rows: Sequence[Mapping[str, Any]], measure: str) -> go.Figure:
    """What a token takes (`us`), or how much is found (`score`), over the window, by system."""
    chart = figure(say, say(f"learn.worth_{measure}"), say("cost.window"), say(f"learn.{measure}"))
    for name, look in WORTH.items():
        own = [row for row in rows if row["lane"] == name and row[measure] is not None]
        chart.add_scatter(
            x=[row["window"] for row in own],
            y=[row[measure] for row in own],
            mode="lines+markers",
            name=title_with_landmarks(say, look.key, WORTH_LANDMARKS if look.low_rank else None),
            line={"color": look.color, "dash": look.dash, "width": 2},
            marker={"symbol": look.symbol, "size": 7},
        )
    chart.update_xaxes(type="log", tickvals=[30, 120, 480, 1_920])
    if measure == "us":
        log_axis(chart.layout.yaxis)
    return chart


def _stream(say: Texts, clip: ClipTokens, title: str) -> go.Figure:
    chart = figure(say, title, say("clips.time"), say("learn.level"), height=320)
    chart.add_scatter(
        x=clip.times_s - clip.times_s[0] / 2,
        y=loudness(clip),
        name=say("learn.sound"),
        mode="lines",
        line={"color": MARK, "width": 1.5, "shape": "hvh"},
        hoverinfo="skip",
    )
    return chart

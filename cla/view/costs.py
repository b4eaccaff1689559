"""What a step of each system costs: the published formula, our count, and PyTorch's counter."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log10
from typing import Any

import plotly.graph_objects as go

from cla.attention import OperationCount, counted_products, operation_count, summed
from cla.benchmark import Timing
from cla.texts import Texts
from cla.view.figures import MARK, figure, log_axis
from cla.view.systems import (
    EXACT_SYSTEM,
    FIXED_SYSTEM,
    FULL_SYSTEM,
    Sizes,
    System,
    system_title,
    systems,
)

PAPER = Sizes(window=120, landmarks=2, head_dim=12)
"""The sizes of the paper's own example, which counts one head of one layer."""

WINDOWS = (16, 32, 64, 120, 256, 512, 1024, 2048, 4096, 16384, 65536)
LANDMARKS = (1, 2, 4, 8, 16, 32, 64)
HEAD_DIMS = (4, 8, 12, 16, 32, 64, 128)
HEADS = (1, 2, 4, 8, 16)
LAYERS = (1, 2, 3, 4, 6, 8, 12)
SWEEPS = {"window": WINDOWS, "landmarks": LANDMARKS, "head_dim": HEAD_DIMS, "layers": LAYERS}
"""What can be swept, and over which values."""
QUANTITIES = ("measured", "counted", "published")
"""How a step can be judged, what is shown first before the others."""


Measured = Mapping[tuple[str, Sizes], Timing]
"""Step times by system and sizes."""


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of the attention product of a step, on average over a cycle, all layers.

    Args:
        published: by the paper's closed form; None where it has none.
        counted: by our own, of what our code does; None of a kind that does not count.
        products: the share of `counted` that is matrix products.
        torch: the same by PyTorch's counter; None where the step was too large to be run for it.
    """

    published: float | None
    counted: float | None
    products: float | None
    torch: float | None = None


def cost(system: System, sizes: Sizes, *, run: bool = False) -> Cost:
    """The cost of a step; with `run`, PyTorch's counter is asked too."""
    configs = system.configs(sizes)
    counts = [operation_count(config) for config in configs]
    seen: list[float | None] = []
    if run:
        # Layers of one configuration cost the same.
        found = {config: counted_products(config) for config in dict.fromkeys(configs)}
        seen = [found[config] for config in configs]
    whole = [number for number in seen if number is not None]
    return Cost(
        published=summed(count.published if count else None for count in counts),
        counted=summed(count.average if count else None for count in counts),
        products=summed(_products(count) if count else None for count in counts),
        torch=sum(whole) if run and len(whole) == len(configs) else None,
    )


def _products(count: OperationCount) -> float:
    ticks = count.tick_products / count.tick_every if count.tick else 0.0
    return count.step_products + ticks


def sweep_points(sizes: Sizes, sweep: str) -> list[Sizes]:
    """The sizes with one of them taking each of its values."""
    return [replace(sizes, **{sweep: value}) for value in SWEEPS[sweep]]


def exists(system: System, sizes: Sizes) -> bool:
    """Whether the system has these sizes: fewer landmarks than tokens."""
    return not system.low_rank or sizes.landmarks < sizes.window


def at(system: System, sizes: Sizes, quantity: str, measured: Measured) -> float | None:
    """A step by one of `QUANTITIES`: multiply-adds or microseconds; None where unknown."""
    if not exists(system, sizes):
        return None
    if quantity == "measured":
        timing = measured.get((system.key, sizes))
        return timing.median_s * 1e6 if timing else None
    found: float | None = getattr(cost(system, sizes), quantity)
    return found


def crossing(sizes: Sizes, quantity: str, measured: Measured) -> float | None:
    """The window from which fixed landmarks cost no more than exact continual attention.

    Between windows the curves are straight, as they are drawn.

    Returns:
        Tokens; None where that is so at no window, or not at the longest that both have.
    """
    ratios = [
        (point.window, exact / fixed)
        for point in sweep_points(sizes, "window")
        if (exact := at(EXACT_SYSTEM, point, quantity, measured))
        and (fixed := at(FIXED_SYSTEM, point, quantity, measured))
    ]
    lower = [place for place, (_, ratio) in enumerate(ratios) if ratio < 1]
    if not ratios or lower[-1:] == [len(ratios) - 1]:
        return None
    if not lower:
        return ratios[0][0]
    (short, below), (long, above) = ratios[lower[-1] : lower[-1] + 2]
    return float(short * (long / short) ** (log10(below) / (log10(below) - log10(above))))


def curves(say: Texts, sizes: Sizes, sweep: str, quantity: str, measured: Measured) -> go.Figure:
    """Cost over one size with the others fixed, a curve for each system, on logarithmic axes."""
    y_title = say("cost.microseconds" if quantity == "measured" else "cost.operations")
    chart = _axes(say, sweep, say(f"cost.curves_{quantity}"), y_title)
    for system in systems().values():
        points = [
            (getattr(point, sweep), number)
            for point in sweep_points(sizes, sweep)
            if (number := at(system, point, quantity, measured)) is not None
        ]
        if points:
            _add_curve(chart, say, system, *map(list, zip(*points, strict=True)))
    _mark_ratio(chart, say, sizes, sweep, (quantity, measured))
    window = crossing(sizes, quantity, measured)
    if sweep == "window" and window and window > WINDOWS[0]:
        chart.add_vline(x=window, line={"color": MARK, "width": 1.5, "dash": "dot"})
        # Of annotations, unlike shapes, a logarithmic axis takes the logarithm.
        chart.add_annotation(
            x=log10(window), y=0.02, yref="paper", xanchor="left", yanchor="bottom", align="left",
            text=say("cost.mark_crossing", window=say.number(window)), font={"size": 14},
            showarrow=False,
        )  # fmt: skip
    return chart


def _axes(say: Texts, sweep: str, title: str, y_title: str) -> go.Figure:
    chart = figure(say, title, say(f"cost.axis_{sweep}"), y_title, height=460)
    # Not every value: their names have to fit a phone.
    values = SWEEPS[sweep][:: 3 if sweep == "window" else 1]
    chart.update_xaxes(
        type="log", tickvals=values, ticktext=[say.number(v) for v in values], tickangle=0
    )
    log_axis(chart.layout.yaxis)
    return chart


def _add_curve(chart: go.Figure, say: Texts, system: System, x: list[Any], y: list[Any]) -> None:
    chart.add_scatter(
        x=x,
        y=y,
        name=system_title(say, system.key),
        mode="lines+markers",
        line={"color": system.color, "dash": system.dash, "width": 2},
        marker={"symbol": system.symbol, "size": 7},
        hovertemplate="%{x:,}: %{y:,.0f}",
    )


def _mark_ratio(
    chart: go.Figure, say: Texts, sizes: Sizes, sweep: str, shown: tuple[str, Measured]
) -> None:
    here = getattr(sizes, sweep)
    full, fixed = (at(system, sizes, *shown) for system in (FULL_SYSTEM, FIXED_SYSTEM))
    if not full or not fixed:
        return
    chart.add_scatter(
        x=[here, here], y=[full, fixed], mode="lines+markers", showlegend=False, hoverinfo="skip",
        line={"color": MARK, "width": 1.5, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 14, "color": MARK},
    )  # fmt: skip
    paper = sizes == PAPER and shown[0] == "published"
    name = "cost.mark_paper" if paper else f"cost.mark_{shown[0]}"
    chart.add_annotation(
        x=log10(here), y=log10(full), yshift=34, xanchor="right", align="right", showarrow=False,
        text=say(name, times=say.number(full / fixed, 0 if full / fixed >= 100 else 1)),
        font={"size": 14},
    )  # fmt: skip

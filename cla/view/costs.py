"""What a step of each system costs: the published formula, our count, and PyTorch's counter."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log10

import plotly.graph_objects as go

from cla.attention import OperationCount, counted_products, operation_count, summed
from cla.benchmark import Timing
from cla.texts import Texts
from cla.view.figures import MARK, figure, log_axis
from cla.view.systems import FIXED_SYSTEM, FULL_SYSTEM, Sizes, System, system_title, systems

PAPER = Sizes(window=120, landmarks=2, head_dim=12)
"""The sizes of the paper's own example, which counts one head of one layer."""

WINDOWS = (16, 32, 64, 120, 256, 512, 1024, 2048, 4096, 16384, 65536)
LANDMARKS = (1, 2, 4, 8, 16, 32, 64)
HEAD_DIMS = (4, 8, 12, 16, 32, 64, 128)
HEADS = (1, 2, 4, 8, 16)
LAYERS = (1, 2, 3, 4, 6, 8, 12)
SWEEPS = {"window": WINDOWS, "landmarks": LANDMARKS, "head_dim": HEAD_DIMS, "layers": LAYERS}
"""What can be swept, and over which values."""


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


def curves(say: Texts, sizes: Sizes, sweep: str, quantity: str) -> go.Figure:
    """Cost over one size with the others fixed, a curve for each system, on logarithmic axes.

    Args:
        sweep: one of `SWEEPS`.
        quantity: "published" or "counted".
    """
    chart = _axes(say, sweep, say(f"cost.curves_{quantity}"), say("cost.operations"))
    for system in systems().values():
        points = [point for point in sweep_points(sizes, sweep) if exists(system, point)]
        numbers = [getattr(cost(system, point), quantity) for point in points]
        if None not in numbers:
            _add_curve(chart, say, system, [getattr(point, sweep) for point in points], numbers)
    _mark_ratio(chart, say, sizes, sweep, quantity)
    return chart


def time_curves(say: Texts, sizes: Sizes, sweep: str, measured: Measured) -> go.Figure:
    """Median step time over one size, where it was measured, in microseconds."""
    chart = _axes(say, sweep, say("cost.curves_measured"), say("cost.microseconds"))
    for system in systems().values():
        points = [p for p in sweep_points(sizes, sweep) if (system.key, p) in measured]
        numbers = [measured[system.key, point].median_s * 1e6 for point in points]
        _add_curve(chart, say, system, [getattr(point, sweep) for point in points], numbers)
    return chart


def ratio(sizes: Sizes, quantity: str) -> tuple[float, float]:
    """Cost of full attention and of fixed landmarks."""
    full, fixed = (cost(system, sizes) for system in (FULL_SYSTEM, FIXED_SYSTEM))
    return getattr(full, quantity), getattr(fixed, quantity)


def _axes(say: Texts, sweep: str, title: str, y_title: str) -> go.Figure:
    chart = figure(say, title, say(f"cost.axis_{sweep}"), y_title, height=460)
    # Not every value: their names have to fit a phone.
    values = SWEEPS[sweep][:: 3 if sweep == "window" else 1]
    chart.update_xaxes(
        type="log", tickvals=values, ticktext=[say.number(v) for v in values], tickangle=0
    )
    log_axis(chart.layout.yaxis)
    return chart


def _add_curve(chart: go.Figure, say: Texts, system: System, x: list[int], y: list[float]) -> None:
    chart.add_scatter(
        x=x,
        y=y,
        name=system_title(say, system.key),
        mode="lines+markers",
        line={"color": system.color, "dash": system.dash, "width": 2},
        marker={"symbol": system.symbol, "size": 7},
        hovertemplate="%{x:,}: %{y:,.0f}",
    )


def _mark_ratio(chart: go.Figure, say: Texts, sizes: Sizes, sweep: str, quantity: str) -> None:
    """A line from full attention down to fixed landmarks, at the sizes chosen."""
    at = getattr(sizes, sweep)
    full, fixed = ratio(sizes, quantity)
    chart.add_scatter(
        x=[at, at], y=[full, fixed], mode="lines+markers", showlegend=False, hoverinfo="skip",
        line={"color": MARK, "width": 1.5, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 14, "color": MARK},
    )  # fmt: skip
    name = "cost.mark_paper" if sizes == PAPER else "cost.mark"
    chart.add_annotation(
        x=log10(at), y=log10(full), yshift=34, xanchor="right", align="right", showarrow=False,
        text=say(name, times=say.number(full / fixed, 0 if full / fixed >= 100 else 1)),
        font={"size": 14},
    )  # fmt: skip

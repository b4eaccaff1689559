"""What a step of each system costs: the published formula, our count, and PyTorch's counter."""

from dataclasses import dataclass, replace
from math import log10

import plotly.graph_objects as go

from cla.attention import counted_products, operation_count
from cla.view.figures import MARK, figure
from cla.view.systems import SYSTEMS, Sizes, System
from cla.view.texts import Texts

PAPER = Sizes(window=120, landmarks=2, head_dim=12)
"""The sizes of the paper's own example, which counts one head of one layer."""

WINDOWS = (8, 16, 32, 64, 120, 256, 512, 1024, 2048, 4096, 16384, 65536)
LANDMARKS = (1, 2, 4, 8, 16, 32, 64)
HEAD_DIMS = (4, 8, 12, 16, 32, 64, 128)
HEADS = (1, 2, 4, 8, 16)
LAYERS = (1, 2, 3, 4, 6, 8, 12)
SWEEPS = {"window": WINDOWS, "landmarks": LANDMARKS, "head_dim": HEAD_DIMS, "layers": LAYERS}
"""What can be swept, and over which values."""


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of the attention product of a step, on average over a cycle, all layers.

    Args:
        published: by the paper's closed form.
        counted: by our own, of what our code does.
        products: the share of `counted` that is matrix products.
        torch: the same by PyTorch's counter; None where the step was too large to be run for it.
    """

    published: float
    counted: float
    products: float
    torch: float | None = None


def cost(system: System, sizes: Sizes, *, run: bool = False) -> Cost:
    """The cost of a step; with `run`, PyTorch's counter is asked too."""
    configs = system.configs(sizes)
    counts = [operation_count(config) for config in configs]
    share = [count.tick_products / count.tick_every if count.tick else 0.0 for count in counts]
    seen: list[float | None] = []
    if run:
        # Layers of one configuration cost the same.
        found = {config: counted_products(config) for config in dict.fromkeys(configs)}
        seen = [found[config] for config in configs]
    whole = [number for number in seen if number is not None]
    return Cost(
        published=sum(count.published for count in counts),
        counted=sum(count.average for count in counts),
        products=sum(map(sum, zip((c.step_products for c in counts), share, strict=True))),
        torch=sum(whole) if run and len(whole) == len(configs) else None,
    )


def curves(say: Texts, sizes: Sizes, sweep: str, quantity: str) -> go.Figure:
    """Cost over one size, the others kept: one curve a system, on two logarithmic axes.

    Args:
        sweep: one of `SWEEPS`.
        quantity: "published" or "counted".
    """
    chart = figure(
        say,
        say(f"cost.curves_{quantity}"),
        say(f"cost.axis_{sweep}"),
        say("cost.operations"),
        height=460,
    )
    for system in SYSTEMS.values():
        points = _swept(system, sizes, sweep)
        chart.add_scatter(
            x=[getattr(point, sweep) for point in points],
            y=[getattr(cost(system, point), quantity) for point in points],
            name=say(f"system.{system.key}"),
            mode="lines+markers",
            line={"color": system.color, "dash": system.dash, "width": 2},
            marker={"symbol": system.symbol, "size": 7},
            hovertemplate="%{x:,}: %{y:,.0f}",
        )
    chart.update_xaxes(type="log", tickvals=SWEEPS[sweep], ticktext=_ticks(say, sweep))
    chart.update_yaxes(type="log", exponentformat="power")
    _mark_ratio(chart, say, sizes, sweep, quantity)
    return chart


def ratio(sizes: Sizes, quantity: str) -> tuple[float, float]:
    """Cost of full attention and of fixed landmarks."""
    full, fixed = (cost(SYSTEMS[key], sizes) for key in ("full", "fixed"))
    return getattr(full, quantity), getattr(fixed, quantity)


def _swept(system: System, sizes: Sizes, sweep: str) -> list[Sizes]:
    points = [replace(sizes, **{sweep: value}) for value in SWEEPS[sweep]]
    # More landmarks than tokens is another system: those points do not exist.
    return [p for p in points if not system.low_rank or p.landmarks <= p.window]


def _ticks(say: Texts, sweep: str) -> list[str]:
    return [say.number(value) for value in SWEEPS[sweep]]


def _mark_ratio(chart: go.Figure, say: Texts, sizes: Sizes, sweep: str, quantity: str) -> None:
    """A line from full attention down to fixed landmarks, at the sizes chosen."""
    at = getattr(sizes, sweep)
    full, fixed = ratio(sizes, quantity)
    chart.add_scatter(
        x=[at, at], y=[full, fixed], mode="lines+markers", showlegend=False, hoverinfo="skip",
        line={"color": MARK, "width": 1.5, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 14, "color": MARK},
    )  # fmt: skip
    middle = (full * fixed) ** 0.5
    name = "cost.mark_paper" if sizes == PAPER else "cost.mark"
    text = say(name, times=say.number(full / fixed, 0 if full / fixed >= 100 else 1))
    chart.add_annotation(
        x=log10(at), y=log10(middle), text=text, showarrow=False, xanchor="left", xshift=8,
        align="left", bgcolor="rgba(128, 128, 128, 0.15)", borderpad=4,
    )  # fmt: skip

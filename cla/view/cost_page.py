"""The Cost page: what a step of each attention system costs, by formula, counted and measured."""

from functools import lru_cache

import streamlit as st
import torch

from cla.benchmark import Timing, affordable, measure_stacks
from cla.engine import kernels
from cla.telemetry import device_name
from cla.texts import Texts
from cla.view.costs import (
    HEAD_DIMS,
    HEADS,
    LANDMARKS,
    LAYERS,
    PAPER,
    SWEEPS,
    WINDOWS,
    Cost,
    cost,
    curves,
    exists,
    ratio,
    sweep_points,
    time_curves,
)
from cla.view.figures import show
from cla.view.frame import page_head
from cla.view.settings import choice
from cla.view.systems import Sizes, system_title, systems

MOST_MEASURED = 1_000
"""Step times that are kept for a visitor."""


def cost_page() -> None:
    """Draw the page."""
    say = page_head("cost")
    sizes = _sizes(say)
    full, fixed = ratio(sizes, "published")
    with st.container(horizontal=True):
        st.metric(say("cost.full"), say.number(full), border=True)
        st.metric(say("cost.fixed"), say.number(fixed), border=True)
        digits = 0 if full / fixed >= 100 else 1
        st.metric(
            say("cost.times"),
            say("cost.factor", times=say.number(full / fixed, digits)),
            border=True,
        )
    if sizes == PAPER:
        st.markdown(say("cost.paper"))
    measured = st.session_state.setdefault("measured", {})
    _curves(say, sizes, measured)
    st.markdown(f"### {say('cost.table_title')}")
    st.markdown(say("cost.table_lead"))
    _table(say, sizes, measured)
    with st.expander(say("cost.what")):
        st.markdown(say("cost.explanation"))


def _sizes(say: Texts) -> Sizes:
    """The sliders; every one is in the address."""
    with st.container(horizontal=True):
        window = _slider(say, "window", WINDOWS, PAPER.window)
        fewer = tuple(count for count in LANDMARKS if count < window)
        return Sizes(
            window=window,
            landmarks=_slider(say, "landmarks", fewer, PAPER.landmarks),
            head_dim=_slider(say, "head_dim", HEAD_DIMS, PAPER.head_dim),
            heads=_slider(say, "heads", HEADS, PAPER.heads),
            layers=_slider(say, "layers", LAYERS, PAPER.layers),
        )


def _slider(say: Texts, name: str, values: tuple[int, ...], start: int) -> int:
    return choice(
        st.select_slider,
        say(f"cost.{name}"),
        values,
        default=start,
        key=name,
        format_func=say.number,
        help=say(f"cost.{name}_help"),
        width=210,
    )


def _curves(say: Texts, sizes: Sizes, measured: dict[tuple[str, Sizes], Timing]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sweep = _choice(say, "over", list(SWEEPS))
        quantity = _choice(say, "quantity", ["published", "counted", "measured"])
        if st.button(say("cost.measure"), help=say("cost.measure_help"), key="measure"):
            _measure(say, sweep_points(sizes, sweep), measured)
    if quantity != "measured":
        show(curves(say, sizes, sweep, quantity), "curves", say("cost.curves_alt"))
    elif any(sizes in point for point in measured):
        show(time_curves(say, sizes, sweep, measured), "curves", say("cost.curves_alt"))
        st.caption(say("cost.measured_on", device=device_name(), torch=torch.__version__))
    else:
        st.info(say("cost.unmeasured"))


def _choice(say: Texts, name: str, options: list[str]) -> str:
    return choice(
        st.segmented_control,
        say(f"cost.{name}"),
        options,
        default=options[0],
        key=name,
        format_func=lambda option: say(f"cost.{option}"),
        required=True,
        wrap=True,
    )


def _measure(say: Texts, points: list[Sizes], measured: dict[tuple[str, Sizes], Timing]) -> None:
    """Time all systems at these sizes, size by size."""
    bar = st.progress(0.0, say("cost.measuring"))
    kernels().wait()  # steps are measured, not their compilation
    while len(measured) + len(points) * len(systems()) > MOST_MEASURED:
        del measured[next(iter(measured))]
    for index, point in enumerate(points):
        stacks = {
            key: system.configs(point)
            for key, system in systems().items()
            if exists(system, point) and affordable(system.configs(point))
        }
        timings = measure_stacks(list(stacks.values()))
        measured |= {(key, point): time for key, time in zip(stacks, timings, strict=True)}
        bar.progress((index + 1) / len(points), say("cost.measuring"))
    bar.empty()


def _table(say: Texts, sizes: Sizes, measured: dict[tuple[str, Sizes], Timing]) -> None:
    costs = [cost_counted(key, sizes) for key in systems()]
    columns = {
        say("cost.system"): [system_title(say, key) for key in systems()],
        say("cost.published"): [_number(say, found.published, "cost.too_large") for found in costs],
        say("cost.counted"): [_number(say, found.counted, "cost.not_counted") for found in costs],
        say("cost.products"): [_number(say, found.products, "cost.not_counted") for found in costs],
        say("cost.torch"): [_number(say, found.torch, "cost.too_large") for found in costs],
        say("cost.time"): [_time(say, measured.get((key, sizes))) for key in systems()],
    }
    st.table(columns, hide_index=True)


def _number(say: Texts, value: float | None, without: str) -> str:
    return say(without) if value is None else say.number(value)


def _time(say: Texts, timing: Timing | None) -> str:
    if timing is None:
        return say("cost.too_large")
    return f"{say.number(timing.median_s * 1e6)} ({say.number(timing.p95_s * 1e6)})"


@lru_cache(500)
def cost_counted(key: str, sizes: Sizes) -> Cost:
    """The cost of a system's step, PyTorch's counter included."""
    return cost(systems()[key], sizes, run=True)

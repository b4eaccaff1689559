"""The Cost page: what a step of each attention system costs, by formula, counted and measured."""

from functools import lru_cache

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from cla.benchmark import Timing
from cla.engine import kernels
from cla.telemetry import device_name
from cla.texts import Texts
from cla.view.costs import (
    HEAD_DIMS,
    HEADS,
    LANDMARKS,
    LAYERS,
    PAPER,
    QUANTITIES,
    SWEEPS,
    WINDOWS,
    Cost,
    at,
    cost,
    crossing,
    curves,
    sweep_points,
)
from cla.view.figures import show
from cla.view.frame import page_head
from cla.view.settings import choice
from cla.view.step_times import timings
from cla.view.systems import (
    EXACT_SYSTEM,
    FIXED_SYSTEM,
    FULL_SYSTEM,
    Sizes,
    system_title,
    systems,
)

FIRST = (FULL_SYSTEM, EXACT_SYSTEM, FIXED_SYSTEM)
"""Those whose numbers stand above the curves."""
MEASURE, WISHED = "measure", "measure_wished"


def cost_page() -> None:
    """Draw the page."""
    say = page_head("cost")
    sizes = _sizes(say)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        quantity = _choice(say, "quantity", QUANTITIES)
        sweep = _choice(say, "over", tuple(SWEEPS))
        st.button(say("cost.measure"), help=say("cost.measure_help"), key=MEASURE, on_click=_wish)
    figures, place = st.container(), st.container()
    if quantity == "measured":
        _measured(say, sizes, sweep, place)
    else:
        with place:
            _curves(say, sizes, sweep, quantity)
    with figures:
        _figures(say, sizes, quantity)
    st.markdown(f"### {say('cost.table_title')}")
    st.markdown(say("cost.table_lead"))
    _table(say, sizes)


def _wish() -> None:
    """Show what is measured, and measure it before the page is drawn."""
    st.session_state["quantity"] = "measured"
    st.session_state[WISHED] = True


def _figures(say: Texts, sizes: Sizes, quantity: str) -> None:
    """The systems to be told apart at once, and from which window on low rank costs least."""
    unit = " µs" if quantity == "measured" else ""
    shown = [at(one, sizes, quantity, timings().found) for one in FIRST]
    with st.container(horizontal=True):
        for system, number in zip(FIRST, shown, strict=True):
            text = f"{_number(say, number, 'cost.too_large')}{unit if number else ''}"
            st.metric(system_title(say, system.key), text, border=True)
        full, _, fixed = shown
        if full and fixed:
            times = say.number(full / fixed, 0 if full / fixed >= 100 else 1)
            less = say(f"cost.times_{'less' if unit else 'fewer'}")
            st.metric(less, say("cost.factor", times=times), border=True)
    window = crossing(sizes, quantity, timings().found)
    if window:
        st.markdown(say("cost.crossing", window=say.number(window)))
    elif shown[1] and shown[2]:
        st.markdown(say("cost.no_crossing"))
    if sizes == PAPER and quantity == "published":
        st.markdown(say("cost.paper"))


def _sizes(say: Texts) -> Sizes:
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


def _curves(say: Texts, sizes: Sizes, sweep: str, quantity: str, key: str = "curves") -> None:
    chart = curves(say, sizes, sweep, quantity, timings().found)
    show(chart, key, say("cost.curves_alt"))


def _measured(say: Texts, sizes: Sizes, sweep: str, place: DeltaGenerator) -> None:
    """The curves as they come, where they are asked for, and those of the first sight anyway."""
    wished = st.session_state.pop(WISHED, False)
    if wished or sizes == PAPER:
        _measure(say, sizes, sweep, place, anew=wished)
    if any(point in sweep_points(sizes, sweep) for _, point in timings().found):
        with place:
            _curves(say, sizes, sweep, "measured")
            st.caption(say("cost.measured_on", device=device_name(), torch=torch.__version__))
    else:
        place.info(say("cost.unmeasured"))


def _choice(say: Texts, name: str, options: tuple[str, ...]) -> str:
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


def _measure(say: Texts, sizes: Sizes, sweep: str, place: DeltaGenerator, *, anew: bool) -> None:
    """Time all systems, size by size; what is known is measured `anew` alone."""
    points = sweep_points(sizes, sweep)
    with place:
        bar, growing = st.progress(0.0, say("cost.measuring")), st.empty()
    kernels().wait()  # steps are measured, not their compilation
    with timings().measuring:
        for index, point in enumerate(points):
            if anew or not any(point == known for _, known in timings().found):
                timings().measure(point)
                with growing:
                    _curves(say, sizes, sweep, "measured", f"curves-{index}")
            bar.progress((index + 1) / len(points), say("cost.measuring"))
    bar.empty()
    growing.empty()


def _table(say: Texts, sizes: Sizes) -> None:
    costs = [cost_counted(key, sizes) for key in systems()]
    columns = {
        say("cost.system"): [system_title(say, key) for key in systems()],
        say("cost.published"): [_number(say, found.published, "cost.too_large") for found in costs],
        say("cost.counted"): [_number(say, found.counted, "cost.not_counted") for found in costs],
        say("cost.products"): [_number(say, found.products, "cost.not_counted") for found in costs],
        say("cost.torch"): [_number(say, found.torch, "cost.too_large") for found in costs],
        say("cost.time"): [_time(say, timings().found.get((key, sizes))) for key in systems()],
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

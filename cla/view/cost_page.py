"""The Cost page: what a step of each attention system costs, by formula, counted and measured."""

import streamlit as st

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
    ratio,
)
from cla.view.figures import show
from cla.view.frame import page_head
from cla.view.systems import SYSTEMS, Sizes
from cla.view.texts import Texts


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
    _curves(say, sizes)
    st.markdown(f"#### {say('cost.table_title')}")
    st.markdown(say("cost.table_lead"))
    _table(say, sizes)
    with st.expander(say("cost.what")):
        st.markdown(say("cost.explanation"))


def _sizes(say: Texts) -> Sizes:
    """The sliders; every one is in the address."""
    with st.container(horizontal=True):
        return Sizes(
            window=_slider(say, "window", WINDOWS, PAPER.window),
            landmarks=_slider(say, "landmarks", LANDMARKS, PAPER.landmarks),
            head_dim=_slider(say, "head_dim", HEAD_DIMS, PAPER.head_dim),
            heads=_slider(say, "heads", HEADS, PAPER.heads),
            layers=_slider(say, "layers", LAYERS, PAPER.layers),
        )


def _slider(say: Texts, name: str, values: tuple[int, ...], start: int) -> int:
    chosen: int = st.select_slider(
        say(f"cost.{name}"),
        values,
        value=start,
        format_func=say.number,
        key=name,
        help=say(f"cost.{name}_help"),
        width=210,
        bind="query-params",
        persist_state="session",
    )
    return chosen


def _curves(say: Texts, sizes: Sizes) -> None:
    with st.container(horizontal=True):
        sweep = st.segmented_control(
            say("cost.sweep"),
            list(SWEEPS),
            format_func=lambda name: say(f"cost.{name}"),
            default="window",
            required=True,
            key="over",
            bind="query-params",
            persist_state="session",
        )
        quantity = st.segmented_control(
            say("cost.quantity"),
            ["published", "counted"],
            format_func=lambda name: say(f"cost.{name}"),
            default="published",
            required=True,
            key="count",
            bind="query-params",
            persist_state="session",
        )
    show(curves(say, sizes, sweep, quantity), "curves", say("cost.curves_alt"))


def _table(say: Texts, sizes: Sizes) -> None:
    costs = [cost_counted(key, sizes) for key in SYSTEMS]
    columns = {
        say("cost.system"): [say(f"system.{key}") for key in SYSTEMS],
        say("cost.published"): [say.number(found.published) for found in costs],
        say("cost.counted"): [say.number(found.counted) for found in costs],
        say("cost.products"): [say.number(found.products) for found in costs],
        say("cost.torch"): [
            say("cost.too_large") if found.torch is None else say.number(found.torch)
            for found in costs
        ],
    }
    st.table(columns, hide_index=True)


@st.cache_data(max_entries=500, show_spinner=False)
def cost_counted(key: str, sizes: Sizes) -> Cost:
    """The cost of a system's step, PyTorch's counter included."""
    return cost(SYSTEMS[key], sizes, run=True)

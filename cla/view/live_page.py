"""The Live page: one component that draws itself; the page never reruns while it is live."""

from typing import Any

import streamlit as st

from cla.attention import DEFAULT_LANDMARKS, KINDS, LOW_RANK, STREAMED, all_systems
from cla.capture import endings
from cla.server.shown_lanes import DEFAULT_LANES
from cla.texts import Texts
from cla.types import InputKind
from cla.view.fetch_offer import offer_fetch
from cla.view.frame import copy_link, texts
from cla.view.live_app import live_server
from cla.view.own_task import keep_addressed_task
from cla.view.surface import surface
from cla.view.systems import System, systems
from cla.view.visitor import visitor

WIDE = """<style>
.stMainBlockContainer { padding: 3.9rem 2rem 1rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 3.6rem 0.8rem 1rem; } }
</style>"""
"""The lanes have the window to themselves: the page's title is small, and the surface's own."""

OPENING = "aloha-oe"
"""The clip of a first visit: its task needs its window, and low rank wins in it."""
MEDIA: tuple[InputKind, ...] = ("sound", "video")


def live_page() -> None:
    """Draw the page."""
    say = texts()
    st.html(WIDE)
    if not keep_addressed_task():
        st.warning(say("live.classes_gone"))
    surface(
        "cla-live",
        "main.js",
        # Another language is another page; so is one with another task.
        key=f"live-{say.language}-{len(live_server().host.offer.ready)}",
        data={"key": visitor().visit.key, **live_data(say)},
        styles=("style.css", "stage.css"),
    )
    offer_fetch(say, command=False)  # the surface says it
    copy_link(say)
    with st.expander(say("live.more")):
        st.markdown(say("live.lead"))
        st.markdown(say("live.explanation"))


def live_data(say: Texts) -> dict[str, Any]:
    """Data of this server for the page's scripts, the same for all visitors."""
    return {
        "texts": live_texts(say),
        "language": say.language,
        "opening": OPENING,
        "endings": {medium: endings(medium) for medium in MEDIA},
        "systems": [looks(system) for system in systems().values()],
        "kinds": [{"name": name, "modes": kind.landmark_modes} for name, kind in KINDS.items()],
        "lane_defaults": {
            "lanes": ",".join(map(str, DEFAULT_LANES)),
            "more": LOW_RANK,
            "exact": STREAMED,
            "landmarks": DEFAULT_LANDMARKS,
        },
    }


def looks(system: System) -> dict[str, str]:
    """How the page's scripts draw a system."""
    named = {"kind": system.kind, "mode": system.landmark_mode}
    return {**named, "color": system.color, "dash": system.dash, "symbol": system.symbol}


def live_texts(say: Texts) -> dict[str, str]:
    """What the page's scripts say, and the titles of the samples as `sample.<name>`."""
    titles = {f"sample.{name}": title for name, title in say.section("sample").items()}
    own = {f"lane_{each.kind}": each.label for each in all_systems() if not each.shipped}
    does = {f"{key}_does": say("page.lane_own_does") for key in own}
    return {**say.section("page"), "title": say("live.title"), **titles, **own, **does}

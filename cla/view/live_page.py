"""The Live page: one component that draws itself; the page never reruns while it is live."""

import streamlit as st

from cla.capture import endings
from cla.types import InputKind
from cla.view.frame import page_head
from cla.view.own_task import keep_addressed_task
from cla.view.surface import surface
from cla.view.systems import SYSTEMS, System
from cla.view.texts import Texts
from cla.view.visitor import visitor

KINDS: tuple[InputKind, ...] = ("sound", "video")


def live_page() -> None:
    """Draw the page."""
    say = page_head("live")
    if not keep_addressed_task():
        st.warning(say("live.classes_gone"))
    surface(
        "cla-live",
        "main.js",
        # Another language is another page.
        key=f"live-{say.language}",
        data={
            "key": visitor().key,
            "texts": live_texts(say),
            "language": say.language,
            "endings": {kind: endings(kind) for kind in KINDS},
            "systems": {key: looks(system) for key, system in SYSTEMS.items()},
        },
    )
    with st.expander(say("live.what")):
        st.markdown(say("live.explanation"))


def looks(system: System) -> dict[str, str]:
    """How the page's scripts draw a system."""
    return {"color": system.color, "dash": system.dash, "symbol": system.symbol}


def live_texts(say: Texts) -> dict[str, str]:
    """What the page's scripts say, and the titles of the samples as `sample.<name>`."""
    titles = {f"sample.{name}": title for name, title in say.section("sample").items()}
    return {**say.section("page"), **titles}

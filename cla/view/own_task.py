"""A visitor's own task: taught or opened on the Teach page, run on the Live page."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from cla.models import TaskModel
from cla.view.live_app import live_server, shown_task
from cla.view.visitor import visitor

OWN = "own"
"""Its name in messages, whatever its title: it cannot stand in for a task of the package."""
_PREFIX = f"{OWN}-"
_KEPT = "own_task"


@dataclass(frozen=True, eq=False)
class OwnTask:
    """The task, and what the visitor's page is told of it.

    Args:
        address: its name in the page's address, which nobody can guess.
    """

    task: TaskModel
    shown: dict[str, Any]
    address: str


def keep_own_task(task: TaskModel) -> str:
    """Let this visitor's Live page run the task, which goes when the visitor does.

    Returns:
        Its name in the address.
    """
    named = replace(task, name=OWN)
    address = _PREFIX + secrets.token_urlsafe(16)
    shown = {**shown_task(named), "title": task.name, "problem": "", "address": address}
    _keep(OwnTask(named, shown, address))
    return address


def keep_addressed_task() -> bool:
    """Keep on with the task that the page's address names, as after a reload of the page.

    Streamlit keeps the visit of a page that has gone for two minutes, and the task with it.

    Returns:
        False where the address names one that has gone.
    """
    address = st.query_params.get("task", "")
    if not address.startswith(_PREFIX):
        return True
    kept = st.session_state.get(_KEPT)
    if kept is None or kept.address != address:
        own = live_server().offered(address)
        if not isinstance(own, OwnTask):
            return False
        _keep(own)
    return True


def _keep(own: OwnTask) -> None:
    # The server holds it weakly: the visitor's session is what keeps it.
    st.session_state[_KEPT] = own
    live_server().offer(visitor().key, own)

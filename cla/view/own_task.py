"""A visitor's own task: taught or opened on the Teach page, run on the Live page."""

import secrets
from dataclasses import replace

import streamlit as st

from cla.models import TaskModel
from cla.server import OwnTask, shown_task
from cla.view.live_app import live_server
from cla.view.visitor import visitor

OWN = "own"
"""Its name in messages, whatever its title: it cannot stand in for a task of the package."""
_PREFIX = f"{OWN}-"
_KEPT = "own_task"
"""Where Streamlit's session holds it, which outlives a reload; the visit holds it weakly."""


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
    visit = visitor().visit
    if visit.own is None or visit.own.address != address:
        own = live_server().own_task(address)
        if own is None:
            return False
        _keep(own)
    return True


def _keep(own: OwnTask) -> None:
    st.session_state[_KEPT] = own
    visitor().visit.own = own

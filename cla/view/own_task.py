"""A visitor's own task: taught or opened on the Teach page, run on the Live page."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from cla.models import TaskModel
from cla.view.live_app import live_server, shown_task
from cla.view.visitor import visitor

OWN = "own"
"""Its name in messages, whatever its title: it cannot stand in for a task of the package."""
_KEPT = "own_task"


@dataclass(frozen=True, eq=False)
class OwnTask:
    """The task, and what the visitor's page is told of it."""

    task: TaskModel
    shown: dict[str, Any]


def keep_own_task(task: TaskModel) -> None:
    """Let this visitor's Live page run the task. It goes when the visitor does."""
    named = replace(task, name=OWN)
    own = OwnTask(named, {**shown_task(named), "title": task.name, "problem": ""})
    # The server holds it weakly: the visitor's session is what keeps it.
    st.session_state[_KEPT] = own
    live_server().offer(visitor().key, own)

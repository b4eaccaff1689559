"""Recordings, replayed and held against what they hold."""

from cla.engine import Recording, ReplayCheck, replay
from cla.models import TaskModel
from cla.telemetry import TokenRecord


def replayed(recording: Recording, task: TaskModel) -> ReplayCheck:
    """The comparison of a whole replay with the recording, finished."""
    check = ReplayCheck(recording)
    for record in replay(recording, task):
        if isinstance(record, TokenRecord):
            check.add(record)
    check.finish()
    return check

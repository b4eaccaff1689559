"""What a page has chosen, whatever plays: its task, lanes, speed of files and sensitivity."""

from collections.abc import Mapping
from typing import Any

from cla.engine import Command, History, SetEmit, SetSensitivity
from cla.errors import ClaError
from cla.models import TaskModel
from cla.server.shown_lanes import ShownLanes
from cla.texts.sentence import Sentence
from cla.types import InputKind


class Wishes:
    """What the next source begins with.

    Attributes:
        tasks: what can be recognized, by name.
        task: the one that is in use.
        lanes: with which the next session begins.
        fast: files are played as fast as they can be worked on.
        enter: the sensitivity, where it is not the task's own.
        emit: records carry attention rows.
    """

    def __init__(self, tasks: Mapping[str, TaskModel], *, emit: bool) -> None:
        self.emit = emit
        self.tasks = tasks
        self.task = next(iter(tasks.values()))
        self.lanes = ShownLanes(self.task)
        self.fast = False
        self.enter: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """What the page's controls show."""
        chosen = {"task": self.task.name, "fast": self.fast, "enter": self.enter}
        past = History(self.task)
        kept = {"history_s": past.capacity * self.task.hop_s, "history_bytes": past.size_bytes}
        return {**chosen, **kept, **self.lanes.as_dict()}

    @property
    def file_speed(self) -> float | None:
        """Media seconds a second; None is as fast as files can be worked on."""
        return None if self.fast else 1.0

    @property
    def first_commands(self) -> list[Command]:
        """What a session does before its first token."""
        commands: list[Command] = [SetEmit(self.emit)]
        return commands + ([SetSensitivity(self.enter)] if self.enter is not None else [])

    def use(self, task: TaskModel) -> None:
        """Take another task."""
        self.lanes.set_task(task)
        self.task = task
        self.enter = None  # another task's probabilities mean something else

    def task_named(self, name: str) -> TaskModel:
        """The task of this name.

        Raises:
            ClaError: there is none.
        """
        if name not in self.tasks:
            raise ClaError("task_unknown", name=name, choices=", ".join(self.tasks))
        return self.tasks[name]

    def task_for(self, kind: InputKind) -> TaskModel:
        """The task that is in use, where it takes this, or the first that does.

        Raises:
            ClaError: none does.
        """
        for task in (self.task, *self.tasks.values()):
            if task.input == kind:
                return task
        raise ClaError("task_missing_for_medium", medium=Sentence(f"words.{kind}"))

"""The tasks of a server: which of them can run here, and their descriptions for pages."""

import threading
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from cla.capture import sample_clips
from cla.errors import ClaError
from cla.features import SoundFrontEnd
from cla.models import TaskModel
from cla.types import VideoFrame

TITLES = {
    "digits": "Spoken digits",
    "hands": "Hand signs",
    "sounds": "Sounds around you",
    "key": "Key of the music",
    "gestures": "Gesture phases",
}


class TaskOffer:
    """What can be recognized here; the features of each task are loaded and tried once.

    Attributes:
        ready: tasks that can run, by name.
        waiting: those that could too, once what they lack has been fetched.
        shown: descriptions of all tasks for pages, with the problem of those that cannot run.
    """

    def __init__(self, loaded: Iterable[TaskModel]) -> None:
        self._lock = threading.Lock()
        self.ready: dict[str, TaskModel] = {}
        self.waiting: dict[str, TaskModel] = {}
        self.shown: list[dict[str, Any]] = []
        for task in loaded:
            problem: ClaError | None = None
            try:
                _try_features(task)
                self.ready[task.name] = task
            except ClaError as error:
                problem = error
                if task.front_end.fetched:
                    self.waiting[task.name] = task
            self.shown.append({**shown_task(task), "problem": problem})

    def admit(self, name: str) -> None:
        """Let a task run that waited for what has been fetched meanwhile.

        Raises:
            ClaError: it still cannot run.
        """
        task = self.waiting.get(name)
        if task is None:
            return  # another page was faster
        _try_features(task)
        with self._lock:
            # Others read them meanwhile: each is replaced as a whole.
            self.ready = {**self.ready, name: task}
            self.waiting = {other: one for other, one in self.waiting.items() if other != name}
            self.shown = [
                {**one, "problem": None} if one["name"] == name else one for one in self.shown
            ]


def shown_task(task: TaskModel) -> dict[str, Any]:
    """The description of a task for pages."""
    return {
        "name": task.name,
        "title": TITLES.get(task.name, task.name),
        "input": task.input,
        "joints": task.joints,
        "labels": list(task.labels),
        "window": task.window,
        "num_layers": task.classifier.config.num_layers,
        "hop_s": task.hop_s,
        "features": asdict(task.front_end.cost) if task.front_end.cost else None,
        "landmark_counts": list(task.landmark_counts),
        "enter": task.event_config.enter,
        "sensitivity": list(task.card.get("sensitivity", ())),
        "clips": [
            {"name": clip.name, "title": clip.title, "file": clip.path.name}
            for clip in sample_clips(task.name)
        ],
    }


def _try_features(task: TaskModel) -> None:
    """Load what makes the task's tokens, and run it once: no user waits for that.

    Raises:
        ClaError: it cannot be loaded here.
    """
    front_end = task.front_end
    if isinstance(front_end, SoundFrontEnd):
        front_end.open(16_000).push(np.zeros(6_400, np.float32))
    else:
        front_end.open().push(VideoFrame(np.zeros((240, 320, 3), np.uint8), 0.0))

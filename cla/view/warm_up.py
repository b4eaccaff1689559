"""What runs once before the first session: the first start on a machine compiles the steps."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress

import torch

from cla.attention import KINDS
from cla.errors import ClaError
from cla.models import StreamClassifier, TaskModel

LANDMARKS = 16
TOKENS = 3


def warm_up_steps(tasks: Mapping[str, TaskModel]) -> threading.Event:
    """Let lanes of every kind step in a thread of their own; the event is set when all have."""
    done = threading.Event()

    def run() -> None:
        try:
            for task in tasks.values():
                for lane in _lanes(task):
                    _step(lane)
        finally:
            done.set()

    threading.Thread(target=run, name="warm-up", daemon=True).start()
    return done


def _lanes(task: TaskModel) -> Iterator[StreamClassifier]:
    for name, kind in KINDS.items():
        for mode in kind.landmark_modes or ("fixed",):
            # A lane that a task cannot run says so in the session that asks for it.
            with suppress(ClaError):
                yield task.with_attention(name, LANDMARKS if kind.landmark_modes else None, mode)


def _step(lane: StreamClassifier) -> None:
    state = lane.init_state(1)
    for _ in range(TOKENS):
        state = lane.step(torch.zeros(1, lane.config.input_dim), state, emit=True).state

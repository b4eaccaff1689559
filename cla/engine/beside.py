"""Answers of slow lanes, computed beside the sessions' workers."""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache

from cla.engine.stepper import Answer
from cla.types import Token

NICENESS = 10
"""Of its threads, where the system has one for each: workers and sound come first."""


class AnswerToCome:
    """The answer to a token, on its way.

    Args:
        compute: makes it; nothing else may touch what it touches until it is done.
        due: so many tokens later it is told.
    """

    def __init__(self, token: Token, due: int, compute: Callable[[], Answer]) -> None:
        self.token = token
        self.due = due
        self._asked_s = time.perf_counter()
        self._future: Future[tuple[Answer, float]] = _workers().submit(self._run, compute)

    @property
    def late(self) -> bool:
        """Whether it is to be told with the next token, and is not there."""
        return self.due <= 1 and not self._future.done()

    @property
    def since_s(self) -> float:
        """How long ago it was asked for."""
        return time.perf_counter() - self._asked_s

    def settle(self) -> None:
        """Wait until it is there, whatever became of it."""
        self._future.exception()

    def wait(self) -> tuple[Answer, float]:
        """The answer, and how long it took with its wait for a processor.

        Raises:
            OutOfMemoryError: the memory of its device is full.
        """
        return self._future.result()

    def _run(self, compute: Callable[[], Answer]) -> tuple[Answer, float]:
        return compute(), self.since_s


@cache
def _workers() -> ThreadPoolExecutor:
    """Those of this process: all but one of the processors are theirs at most."""
    most = max(1, (os.cpu_count() or 1) - 1)
    return ThreadPoolExecutor(most, "slow-lanes", initializer=_step_back)


def _step_back() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

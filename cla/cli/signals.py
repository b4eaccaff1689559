"""Signals that ask a command to stop: it finishes what it writes, and ends with their status."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
STOPPED = "stopped; what was written so far is kept."


class Stopped(BaseException):
    """The command was asked to stop; no fault, and nothing that a library should handle.

    Attributes:
        status: with which the program is to exit, as a shell says it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class Stopping:
    """Handles signals that stop the program.

    Attributes:
        loading: modules are being imported and nothing is open: the program ends at once, since an
            exception would come out of any of these modules.
        held: something is being written as a whole: the first signal waits until that is done.
    """

    def __init__(self) -> None:
        self.loading = False
        self.held = False
        self.due = 0

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self.loading:
            os.write(2, f"cla: {STOPPED}\n".encode())
            os._exit(128 + number)
        if self.held and not self.due:
            self.due = number
            return
        raise Stopped(number)

    def release(self) -> None:
        """Let signals act again, the one that waits first."""
        self.held = False
        if number := self.due:
            self.due = 0
            raise Stopped(number)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Have signals raise `Stopped`; those that are ignored, as under `nohup`, still are."""
    handler = Stopping()
    before = {}
    with suppress(ValueError):  # another thread than the main one, which gets no signals
        for number in STOPS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    try:
        yield handler
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def unbroken() -> Iterator[None]:
    """Let the first signal wait until the end of this; a second one acts at once."""
    handler = signal.getsignal(signal.SIGTERM)
    if not isinstance(handler, Stopping):
        yield
        return
    handler.held = True
    try:
        yield
    finally:
        handler.release()

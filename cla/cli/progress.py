"""Progress of a run, and what goes wrong meanwhile, on standard error."""

import math
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from rich.progress import Progress, TimeElapsedColumn

from cla.cli.terminal import Terminal, complain, progress_bar, warn
from cla.engine import FaultRecord, Record, RecordingRecord
from cla.errors import ClaError
from cla.telemetry import TokenRecord

MOST = 20


class RunProgress:
    """A bar for a file, on a terminal only; each event of a device, as it comes."""

    def __init__(self, name: str, *, live: bool, duration_s: float | None = None) -> None:
        self._console = Terminal(stderr=True)
        self._live = live
        self._bar: Progress | None = None
        if not live and self._console.is_terminal:
            self._bar = progress_bar(self._console)
            self._task = self._bar.add_task(name, total=duration_s)

    def __enter__(self) -> Self:
        self._context: AbstractContextManager[object] = self._bar or nullcontext()
        self._context.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)

    def show(self, record: TokenRecord) -> None:
        """Take one token's records."""
        if self._bar:
            self._bar.update(self._task, completed=record.time_s)
        if self._live:
            for lane in record.lanes:
                if lane.event:
                    self._console.print(
                        f"{record.time_s:8.2f} s  {lane.lane}: {lane.event.label}", highlight=False
                    )


class BenchmarkProgress:
    """A bar on a terminal, else a line now and then.

    It draws only when it is updated: a thread would take time from what is measured.
    """

    BAR_PERIOD_S = 0.25
    LINE_PERIOD_S = 20.0

    def __init__(self) -> None:
        self._console = Terminal(stderr=True)
        self._begin_s = time.monotonic()
        self._shown_s = -math.inf
        self._bar: Progress | None = None
        if self._console.is_terminal:
            columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn())
            self._bar = Progress(
                *columns, console=self._console, auto_refresh=False, transient=True
            )
            self._task = self._bar.add_task("", total=1.0)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, share: float, what: str) -> None:
        """Say that this share is done, and what is being measured."""
        now_s = time.monotonic()
        if now_s - self._shown_s < (self.BAR_PERIOD_S if self._bar else self.LINE_PERIOD_S):
            return
        self._shown_s = now_s
        if self._bar:
            self._bar.update(self._task, completed=share, description=what, refresh=True)
        else:
            self._console.print(
                f"{now_s - self._begin_s:4.0f} s, {share:4.0%}: {what}", highlight=False
            )


class Faults:
    """Reports the faults of a session as they come, each of them once.

    Attributes:
        met: whether there was any.
    """

    def __init__(self) -> None:
        self.met = False
        self._said: set[str] = set()

    def take(self, record: Record) -> None:
        """Take a record; only faults are reported."""
        match record:
            case FaultRecord(error) | RecordingRecord(reason=ClaError() as error):
                pass
            case _:
                return
        self.met = True
        if error.message in self._said or len(self._said) > MOST:
            return
        self._said.add(error.message)
        if len(self._said) > MOST:
            warn("There are more faults, which are not said.")
        else:
            complain(error)

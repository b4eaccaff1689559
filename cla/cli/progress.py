"""What a run shows while it goes on, on the terminal's error stream."""

from contextlib import AbstractContextManager, nullcontext
from typing import Self

from rich.console import Console
from rich.progress import Progress

from cla.telemetry import TokenRecord


class RunProgress:
    """A bar for a file, on a terminal only; each event of a device, as it comes.

    Args:
        duration_s: media time of the file, where it says.
    """

    def __init__(self, name: str, *, live: bool, duration_s: float | None = None) -> None:
        self._console = Console(stderr=True)
        self._live = live
        self._bar: Progress | None = None
        if not live and self._console.is_terminal:
            self._bar = Progress(console=self._console, transient=True)
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

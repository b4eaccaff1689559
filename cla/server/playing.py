"""A source and the session that it feeds: begun together, ended together."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from cla.engine import Command, Feeder, Kernels, Session
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.server.sources import Opened

CLOCK_SLACK_S = 1.0
"""The page's clock starts a little before the session's."""


class Playing:
    """What a page hears or sees now.

    Args:
        lanes: with which the session begins.
        commands: done before its first token.
        on_record: called from worker threads whenever there is something to drain.
    """

    def __init__(
        self,
        opened: Opened,
        lanes: Sequence[LaneSpec],
        commands: Sequence[Command],
        on_record: Callable[[], None],
        kernels: Kernels | None,
    ) -> None:
        self.shown = opened.shown
        self.task = opened.task
        self._opened = opened
        self._ended_told = False
        self._started_s = time.monotonic()
        self._feeder: Feeder | None = None
        try:
            self.session: Session[Any] = Session(
                opened.task, lanes, opened.stream, live=opened.live, on_record=on_record,
                kernels=kernels,
            )  # fmt: skip
        except BaseException:
            if opened.source:
                opened.source.close()
            raise
        for command in commands:
            self.session.send(command)

    def start(self, file_speed: float | None) -> None:
        """Read the source, if it is one that is read here; it is closed at its end."""
        if self._opened.source:
            speed = None if self._opened.live else file_speed
            self.session.in_time = self._opened.live or speed is not None
            self._feeder = Feeder(self.session, self._opened.source, speed=speed)

    def set_speed(self, file_speed: float | None) -> None:
        """Go on at another speed where this is a file; None is as fast as it can be worked on."""
        if self._feeder and not self._opened.live:
            self._feeder.set_speed(file_speed)
            self.session.in_time = file_speed is not None

    def feed(self, data: bytes) -> None:
        """Take what the page's own device gives.

        Raises:
            ClaError: it is nothing of the kind.
        """
        if self._opened.packet:
            self.session.push(self._opened.packet(data, self._elapsed_s))

    def lose(self, samples: int) -> None:
        """Sound of the page's microphone was lost while there was no connection.

        Raises:
            ClaError: more than can have been since the microphone was opened.
        """
        rate_hz = self._opened.sample_rate_hz
        if rate_hz is None:
            return
        if not 0 <= samples <= self._elapsed_s * rate_hz:
            raise ClaError("samples_lost_unlikely", samples=samples)
        self.session.lose(samples)

    def finish(self) -> None:
        """Nothing more comes of the client's device."""
        if self._opened.packet:
            self._ended_told = False  # who asks is told, perhaps over a new connection
            self.session.finish()

    @property
    def finished(self) -> bool:
        """Whether the source has been worked on to its end."""
        return self.session.wait_finished(0)

    def ended(self) -> bool:
        """True once, when the source has been worked on to its end."""
        told, self._ended_told = self._ended_told, self.finished
        return self._ended_told and not told

    def close(self) -> None:
        """End the source and its session."""
        # The session first: a feeder waits on it.
        self.session.close()
        if self._feeder:
            self._feeder.close()

    @property
    def _elapsed_s(self) -> float:
        """Media time that can have been since the beginning, at most."""
        return time.monotonic() - self._started_s + CLOCK_SLACK_S

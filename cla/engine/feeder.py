"""Reads a source on a thread of its own and pushes what it gives into a session."""

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.engine.inputs import Source
from cla.engine.records import FaultRecord, NoticeRecord
from cla.engine.session import Session
from cla.errors import ClaError
from cla.types import VideoFrame

PACKET_S = 0.04
PATIENCE_S = 0.05
JOIN_TIMEOUT_S = 5.0

_numbers = itertools.count(1)


class Feeder:
    """A thread that pushes a source into a session, and closes the source.

    A file waits while the session is paused or full, and nothing of it is lost. A device does not
    wait.

    Attributes:
        media_s: media time that has been fed.

    Args:
        speed: media seconds a second; without it as fast as the source gives, or the session takes.
    """

    def __init__(
        self, session: Session[Any], source: Source, *, speed: float | None = None
    ) -> None:
        self._session = session
        self._source = source
        self._speed = speed
        self._start_s: float | None = None
        self.media_s = 0.0
        self._told = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"cla-feeder-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether the whole source has been fed, or feeding was stopped."""
        return not self._thread.is_alive()

    def set_speed(self, speed: float | None) -> None:
        """Go on at another speed."""
        self._speed = speed
        self._start_s = None

    def close(self) -> None:
        """Stop feeding; may be called again. The thread is gone when this returns."""
        self._stop.set()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        try:
            with self._source:
                self._feed()
        except ClaError as error:
            self._session.report(FaultRecord(error))
        except Exception as error:
            # A source that dies in silence would leave the page waiting for ever.
            self._session.report(FaultRecord(ClaError("source_failed", reason=repr(error))))
        finally:
            self._session.finish()

    def _feed(self) -> None:
        for packet, begin_s, end_s in _packets(self._source):
            self._tell()
            self._wait_until_due(begin_s)
            if isinstance(packet, np.ndarray):
                self._lose(begin_s, (end_s - begin_s) / len(packet))
            if not self._give(packet):
                return
            self.media_s = end_s
        self._tell()

    def _tell(self) -> None:
        """Pass on what a file has to say of itself, once."""
        for notice in self._source.notices[self._told :]:
            self._session.report(NoticeRecord(notice))
        self._told = len(self._source.notices)

    def _lose(self, begin_s: float, sample_s: float) -> None:
        """Say how much sound a device has lost before a packet."""
        lost = round((begin_s - self.media_s) / sample_s)
        if lost > 0:
            self._session.lose(lost)

    def _wait_until_due(self, media_s: float) -> None:
        speed, start_s = self._speed, self._start_s
        if speed is None:
            return
        now_s = time.monotonic()
        if start_s is None:
            start_s = self._start_s = now_s - media_s / speed
        self._stop.wait(start_s + media_s / speed - now_s)

    def _give(self, packet: NDArray[np.float32] | VideoFrame) -> bool:
        """Offer a packet until it is taken, or lost because a device does not wait."""
        waited_from_s = time.monotonic()
        while not self._session.push(packet, timeout_s=PATIENCE_S):
            if self._session.closed or self._stop.is_set():
                return False
            if self._session.live:
                break
            start_s = self._start_s
            if start_s is not None:
                # Time stands still for a file that waits.
                self._start_s = start_s + time.monotonic() - waited_from_s
            waited_from_s = time.monotonic()
        return not self._stop.is_set()


def _packets(source: Source) -> Iterator[tuple[NDArray[np.float32] | VideoFrame, float, float]]:
    """What a source gives, sound in packets of one size, with the media time of begin and end."""
    for chunk in source:
        if isinstance(chunk, VideoFrame):
            yield chunk, chunk.time_s, chunk.time_s
            continue
        rate_hz = chunk.sample_rate_hz
        samples = max(int(rate_hz * PACKET_S), 1)
        for start in range(0, len(chunk.samples), samples):
            packet = chunk.samples[start : start + samples]
            begin_s = chunk.start_s + start / rate_hz
            yield packet, begin_s, begin_s + len(packet) / rate_hz

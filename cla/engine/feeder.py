"""Plays a sound file into a session, at the speed of the clock."""

import itertools
import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cla.capture import AudioFile
from cla.engine.session import FaultRecord, Session
from cla.errors import ClaError

PACKET_S = 0.04
JOIN_TIMEOUT_S = 5.0

_numbers = itertools.count(1)


class ClipFeeder:
    """A thread that pushes a file's samples in step with the clock, and closes the file.

    While the session is paused or full it waits, and nothing is lost.

    Args:
        speed: media seconds a second.
    """

    def __init__(self, session: Session, audio: AudioFile, *, speed: float = 1.0) -> None:
        self._session = session
        self._audio = audio
        self._speed = speed
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"cla-feeder-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether the whole file has been fed, or feeding was stopped."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """Stop feeding; may be called again. The thread is gone when this returns."""
        self._stop.set()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        try:
            with self._audio:
                self._feed()
        except ClaError as error:
            self._session.report(FaultRecord(error.message, error.remedy))
        finally:
            self._session.finish()

    def _feed(self) -> None:
        rate = self._audio.sample_rate_hz
        due = time.monotonic()
        for packet in _packets(self._audio, max(int(rate * PACKET_S), 1)):
            due += len(packet) / rate / self._speed
            while not self._stop.is_set() and (
                self._session.paused or not self._session.push(packet)
            ):
                if self._session.closed:
                    return
                # Time stands still for a paused clip.
                due = time.monotonic() + len(packet) / rate / self._speed
                self._stop.wait(PACKET_S / 2)
            if self._stop.wait(max(due - time.monotonic(), 0)):
                return


def _packets(audio: AudioFile, samples: int) -> Iterator[NDArray[np.float32]]:
    """A file's samples in packets of one size; the last may be shorter."""
    for chunk in audio:
        for start in range(0, len(chunk.samples), samples):
            yield chunk.samples[start : start + samples]

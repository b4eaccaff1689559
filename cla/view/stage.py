"""What one page plays: a source, the session it feeds, and the lanes' settings."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cla.attention import LandmarkMode
from cla.capture import AudioFile, AudioLimits, open_audio, sample_clips
from cla.engine import (
    ClipFeeder,
    Command,
    FaultRecord,
    LaneConfig,
    Pause,
    Record,
    Resume,
    Session,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
)
from cla.errors import ClaError
from cla.models import TaskModel

DEFAULT_LANDMARKS = 16
UPLOAD_LIMITS = AudioLimits(max_duration_s=600.0, max_bytes=50 * 2**20)
MICROPHONE_RATES_HZ = range(8_000, 192_001)


class Stage:
    """One page's session; a new source takes the place of the one before.

    Args:
        on_record: called from worker threads whenever there is something to `drain`.
    """

    def __init__(self, task: TaskModel, on_record: Callable[[], None]) -> None:
        self.task = task
        self._listener = on_record
        self.num_landmarks = DEFAULT_LANDMARKS
        self.landmark_mode: LandmarkMode = "fixed"
        self.source: dict[str, Any] = {"source": None}
        self.upload: bytearray | None = None
        self._upload_size = 0
        self._session: Session | None = None
        self._feeder: ClipFeeder | None = None
        self._ended_reported = False
        self._paused = False

    def set_listener(self, on_record: Callable[[], None]) -> None:
        """Tell another connection of what is recorded."""
        self._listener = on_record

    def settings(self) -> dict[str, Any]:
        """What the page shows of the stage."""
        return {
            **self.source,
            "num_landmarks": self.num_landmarks,
            "landmark_mode": self.landmark_mode,
            "paused": self._paused,
        }

    def play_sample(self, name: str) -> None:
        """Play a clip that comes with the package.

        Raises:
            ClaError: there is none of that name.
        """
        for clip in sample_clips():
            if clip.name == name:
                self._play(open_audio(clip.path), {"source": "sample", "clip": name})
                return
        names = ", ".join(clip.name for clip in sample_clips())
        raise ClaError(f"There is no sample clip {name!r}.", f"Choose one of {names}.")

    def listen(self, sample_rate_hz: int) -> None:
        """Take sound from the page's microphone.

        Raises:
            ClaError: the rate is not one of a microphone.
        """
        if sample_rate_hz not in MICROPHONE_RATES_HZ:
            raise ClaError(
                f"A microphone of {sample_rate_hz} Hz cannot be used.",
                "Choose a sample rate from 8000 to 192000 Hz.",
            )
        self._start(sample_rate_hz, live=True, source={"source": "microphone"})

    def begin_upload(self, size_bytes: int, name: str) -> None:
        """Expect a file of this size.

        Raises:
            ClaError: it is empty or too large.
        """
        if not 0 < size_bytes <= UPLOAD_LIMITS.max_bytes:
            raise ClaError(
                f"The file has {size_bytes / 2**20:.1f} MB.",
                f"Give one of at most {UPLOAD_LIMITS.max_bytes // 2**20} MB, not empty.",
            )
        self.stop()
        self.source = {"source": "upload", "clip": name}
        self.upload, self._upload_size = bytearray(), size_bytes

    def take_bytes(self, data: bytes) -> None:
        """Take sound of the microphone (int16), or the next bytes of an upload.

        Raises:
            ClaError: the upload is no sound file, or nothing was expected.
        """
        if self.upload is not None:
            self._take_upload(data)
        elif self._session and self.source["source"] == "microphone":
            if len(data) % 2:
                raise ClaError("A packet of sound has half a sample.", "Send whole int16 samples.")
            self._session.push(np.frombuffer(data, "<i2"))

    def command(self, command: Command) -> None:
        """Do a command now, or remember it for the next source."""
        match command:
            case SetLandmarks(count):
                self.task.with_attention("continual_nystrom", count, self.landmark_mode)
                self.num_landmarks = count
            case SetLandmarkMode(mode):
                self.task.with_attention("continual_nystrom", self.num_landmarks, mode)
                self.landmark_mode = mode
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
            case _:
                pass
        if self._session:
            self._session.send(command)

    def drain(self) -> list[Record]:
        """Everything recorded since the last call."""
        return self._session.drain() if self._session else []

    def ended(self) -> bool:
        """True once, when a clip has been worked on to its end."""
        if self._session and not self._ended_reported and self._session.wait_finished(0):
            self._ended_reported = True
            return True
        return False

    def stop(self) -> None:
        """End the source and its session; may be called again."""
        # The session first: a feeder waits on it.
        if self._session:
            self._session.close()
        if self._feeder:
            self._feeder.close()
        self._session = self._feeder = self.upload = None
        self.source = {"source": None}

    def _notify(self) -> None:
        self._listener()

    def _take_upload(self, data: bytes) -> None:
        assert self.upload is not None
        self.upload += data
        if len(self.upload) < self._upload_size:
            return
        content, name = bytes(self.upload[: self._upload_size]), self.source["clip"]
        self.upload = None
        self._play(open_audio(content, limits=UPLOAD_LIMITS), {"source": "upload", "clip": name})

    def _play(self, audio: AudioFile, source: dict[str, Any]) -> None:
        duration_s = audio.duration_s
        session = self._start(
            audio.sample_rate_hz, live=False, source={**source, "duration_s": duration_s}
        )
        self._feeder = ClipFeeder(session, audio)

    def _start(self, sample_rate_hz: int, *, live: bool, source: dict[str, Any]) -> Session:
        self.stop()
        lanes = [
            LaneConfig("full"),
            LaneConfig("continual_nystrom", self.num_landmarks, self.landmark_mode),
        ]
        session = Session(
            self.task, lanes, sample_rate_hz=sample_rate_hz, live=live, on_record=self._notify
        )
        session.send(SetEmit(True))
        self._session, self.source = session, source
        self._ended_reported = self._paused = False
        return session


def fault_of(error: ClaError) -> FaultRecord:
    """An error as a record for the page."""
    return FaultRecord(error.message, error.remedy)

"""Sound and video files from strangers, decoded in a process of their own.

The decoder may hang, swell or crash: its limits are in `cla.capture.decoder`, and what comes of it
is a sentence. What it writes is believed no more than the file: nothing is unpickled.
"""

import json
import os
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Generic, Self, TypeVar, cast

import numpy as np

from cla.capture.audio_file import AudioLimits
from cla.capture.decoder import LENGTHS, STOPPED, Kind
from cla.capture.video_file import VideoLimits
from cla.errors import ClaError
from cla.types import AudioChunk, VideoFrame

Chunk = TypeVar("Chunk")

NAME = "The upload"
MAX_HEADER_BYTES = 64 * 1024
MAX_DATA_BYTES = 64 * 2**20
MOST_NOTICES, MAX_NOTICE = 16, 400
_REMEDY = "Convert it to another format, such as WAV for sound or MP4 for video, and try again."


class IsolatedFile(ABC, Generic[Chunk]):
    """An open file: an iterator of chunks, to be used once, and a context manager.

    Attributes:
        name, duration_s, damaged_packets, notices: as of a `MediaFile`.
    """

    kind: ClassVar[Kind]
    _message: ClassVar[str]

    def __init__(self, content: bytes | Path, limits: AudioLimits | VideoLimits) -> None:
        self.name = NAME
        self.damaged_packets = 0
        self.notices: list[str] = []
        self._process = _start(self.kind, content, limits)
        self._out = cast(BinaryIO, self._process.stdout)
        try:
            with _unbelieving():
                header, _ = self._read("open")
                self.duration_s = _optional(header["duration_s"])
                self._opened(header)
        except BaseException:
            self.close()
            raise
        self._chunks: Iterator[Chunk] = self._decoded()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        """Ends the decoder; may be called again. Iterating on raises StopIteration."""
        self._chunks = iter(())
        self._process.kill()
        self._process.wait()
        self._out.close()

    def _opened(self, header: dict[str, Any]) -> None:
        """Takes what is known of the whole file."""

    @abstractmethod
    def _chunk(self, header: dict[str, Any], data: bytes) -> Chunk: ...

    def _decoded(self) -> Iterator[Chunk]:
        while True:
            with _unbelieving():
                header, data = self._read(self._message, "notice", "end")
                if header["type"] == "end":
                    self.damaged_packets = int(header["damaged_packets"])
                    return
                if header["type"] == "notice":
                    self._take_notice(str(header["message"]))
                    continue
                chunk = self._chunk(header, data)
            yield chunk

    def _take_notice(self, message: str) -> None:
        if len(self.notices) == MOST_NOTICES or len(message) > MAX_NOTICE or "\n" in message:
            raise ValueError("there is more to say than can be")
        self.notices.append(message)

    def _read(self, *expected: str) -> tuple[dict[str, Any], bytes]:
        """The next message.

        Raises:
            ClaError: the decoder refuses the file, or has died of it.
        """
        header_bytes, data_bytes = LENGTHS.unpack(self._exactly(LENGTHS.size))
        if header_bytes > MAX_HEADER_BYTES or data_bytes > MAX_DATA_BYTES:
            raise ValueError("a message is too long")
        header: dict[str, Any] = json.loads(self._exactly(header_bytes))
        if header["type"] == "error":
            raise ClaError(str(header["message"]), str(header["remedy"]))
        if header["type"] == "memory":
            raise ClaError(f"{NAME} needs too much memory to be decoded.", _REMEDY)
        if header["type"] not in expected:
            raise ValueError(f"a message is of the type {header['type']!r}")
        return header, self._exactly(data_bytes)

    def _exactly(self, count: int) -> bytes:
        data = self._out.read(count)
        if len(data) == count:
            return data
        ended = self._process.wait()
        what = "takes too long to be decoded" if ended == STOPPED else "makes the decoder crash"
        raise ClaError(f"{NAME} {what}.", _REMEDY)


class IsolatedAudio(IsolatedFile[AudioChunk]):
    """An open sound file.

    Attributes:
        sample_rate_hz: sample rate of every chunk.
    """

    kind = "sound"
    _message = "sound"

    def _opened(self, header: dict[str, Any]) -> None:
        self.sample_rate_hz = int(header["sample_rate_hz"])

    def _chunk(self, header: dict[str, Any], data: bytes) -> AudioChunk:
        samples = np.frombuffer(data, "<f4")
        return AudioChunk(samples, self.sample_rate_hz, float(header["start_s"]))


class IsolatedVideo(IsolatedFile[VideoFrame]):
    """An open video file."""

    kind = "video"
    _message = "picture"

    def _chunk(self, header: dict[str, Any], data: bytes) -> VideoFrame:
        image = np.frombuffer(data, np.uint8).reshape(header["shape"])
        return VideoFrame(image, float(header["time_s"]))


def open_isolated_audio(
    content: bytes | Path, *, limits: AudioLimits | None = None
) -> IsolatedAudio:
    """As `open_audio`, of a file that is not trusted, given by its content or where it lies."""
    return IsolatedAudio(content, limits or AudioLimits())


def open_isolated_video(content: bytes, *, limits: VideoLimits | None = None) -> IsolatedVideo:
    """As `open_video`, of a file that is not trusted."""
    return IsolatedVideo(content, limits or VideoLimits())


def _start(
    kind: Kind, content: bytes | Path, limits: AudioLimits | VideoLimits
) -> subprocess.Popen[bytes]:
    kept = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    # The very packages that run here; one thread reserves less memory.
    environment |= {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-P", "-m", "cla.capture.decoder", kind, json.dumps(asdict(limits))]
    try:
        opened = content.open("rb") if isinstance(content, Path) else _nameless_file(content)
        with opened as file:
            return subprocess.Popen(
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
    except OSError as error:
        raise ClaError(
            f"The server cannot decode files now: {error.strerror}.", "Try again in a minute."
        ) from error


@contextmanager
def _unbelieving() -> Iterator[None]:
    """Whatever a decoder writes that is not as agreed is one more way of failing."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ClaError(f"{NAME} makes the decoder go wrong.", _REMEDY) from error


def _optional(number: object) -> float | None:
    return None if number is None else float(str(number))


def _nameless_file(content: bytes) -> BinaryIO:
    """A file that nobody else can open, in memory where the system can, else on disk."""
    file: BinaryIO
    if sys.platform == "linux":
        file = os.fdopen(os.memfd_create("cla-upload"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    file.write(content)
    file.seek(0)
    return file

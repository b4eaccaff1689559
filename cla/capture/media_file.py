"""What sound and video files have in common: a container of untrusted bytes, read once.

A file is not trusted: nothing it says is believed beyond the limits, it can open nothing else, and
memory stays bounded however long it is.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, ClassVar, Generic, NoReturn, Self, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from cla.errors import ClaError

Chunk = TypeVar("Chunk")


@dataclass(frozen=True)
class MediaLimits:
    """What any file may be.

    The defaults are for a file the user names on their own machine.
    """

    max_duration_s: float = 7_200.0
    max_bytes: int = 4 * 2**30


class MediaFile(ABC, Generic[Chunk]):
    """An open file: an iterator of chunks, to be used once, and a context manager.

    Attributes:
        name: the file's name, safe to print.
        duration_s: what the file says it lasts, or None where it does not say.
        damaged_packets: packets so far that could not be decoded and were left out.
    """

    kind: ClassVar[str]
    formats: ClassVar[str]

    def __init__(self, source: str | Path | bytes, limits: MediaLimits) -> None:
        self.damaged_packets = 0
        self._limits = limits
        self._container: InputContainer | None = None
        self.name, self._file, size_bytes = _open_bytes(source)
        try:
            self._check_size(size_bytes)
            self._container = self._open_container()
            self._stream = self._find_stream(self._container)
            if self._stream.codec_context is None:
                raise ClaError(f"{self.name} is in a codec that is not known here.", self.formats)
            self._stream.codec_context.thread_count = 1
            self.duration_s = _duration_s(self._container, self._stream)
            if self.duration_s is not None:
                self._check_time(self.duration_s)
            self._check_stream()
        except BaseException:
            self.close()
            raise
        self._chunks = self._decode(self._container)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        """Closes the file; may be called again. Iterating on raises StopIteration."""
        if self._container is not None:
            self._chunks = iter(())
            self._container.close()
            self._container = None
        self._file.close()

    @abstractmethod
    def _find_stream(self, container: InputContainer) -> AudioStream | VideoStream: ...

    @abstractmethod
    def _check_stream(self) -> None:
        """Raises ClaError where the stream is beyond the limits."""

    @abstractmethod
    def _decode(self, container: InputContainer) -> Iterator[Chunk]: ...

    def _frames(self, container: InputContainer) -> Iterator[av.AudioFrame | av.VideoFrame]:
        """Yields what can be decoded; like a player it goes on behind a damaged packet."""
        packets = container.demux(self._stream)
        while True:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except av.FFmpegError:
                # Where the fault is in reading, not in decoding, `packets` has ended with it.
                self.damaged_packets += 1
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame | av.VideoFrame):
                    yield frame

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes == 0:
            raise ClaError(f"{self.name} is empty.", self.formats)
        if size_bytes > self._limits.max_bytes:
            raise ClaError(
                f"{self.name} is larger than {self._limits.max_bytes / 1e6:,.0f} MB.",
                "Cut it to a shorter piece, or compress it more.",
            )

    def _check_time(self, time_s: float) -> None:
        if time_s > self._limits.max_duration_s:
            raise ClaError(
                f"{self.name} is longer than {self._limits.max_duration_s / 60:g} minutes.",
                "Cut it to a shorter piece.",
            )

    def _open_container(self) -> InputContainer:
        try:
            # A playlist inside the file must not make the decoder read other files or the network.
            return av.open(
                self._file,
                mode="r",
                container_options={"protocol_whitelist": "none"},
                metadata_errors="replace",
                io_open=self._open_nothing_else,
            )
        except (av.FFmpegError, ClaError) as error:
            raise ClaError(
                f"{self.name} is not a {self.kind} file, or it is damaged.", self.formats
            ) from error

    def _open_nothing_else(self, url: str, *_: object) -> NoReturn:
        raise ClaError(f"A {self.kind} file must not refer to another one ({url!r}).", self.formats)


def _open_bytes(source: str | Path | bytes) -> tuple[str, BinaryIO, int]:
    """Returns a name that is safe to print, the bytes as a file, and how many they are."""
    if isinstance(source, bytes):
        return "The upload", BytesIO(source), len(source)
    path = Path(source)
    # A name may hold line breaks and terminal commands.
    name = "".join(c if c.isprintable() else "?" for c in path.name)
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ClaError(
            f"{name or path} cannot be opened: {reason}.", "Check the path of the file."
        ) from error
    return name, file, os.fstat(file.fileno()).st_size


def _duration_s(container: InputContainer, stream: AudioStream | VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration_s = container.duration / av.time_base
    else:
        return None
    return duration_s if duration_s > 0 else None

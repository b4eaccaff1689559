"""The base of sound and video files: a container of untrusted bytes that is read once.

Numbers in a file are used only within the limits, a file cannot make the reader open another one,
and memory stays bounded however long it is.
"""

import os
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.format import Flags
from av.video.stream import VideoStream

from cla.capture.chained import FilePart, lacks_its_end, parts
from cla.capture.container import open_container, riff_size
from cla.capture.endings import BARE
from cla.capture.source import Chunk, Source
from cla.errors import ClaError
from cla.printable import printable
from cla.texts.sentence import Sentence

_MOST_FAILURES = 16
"""Faults in reading, one behind the other, after which the file is at its end."""
_SHORT_S, _SHORT_SHARE = 1.0, 0.02
"""A file that ends so much earlier than it says gets a notice."""
_UNREAD_BYTES, _UNREAD_SHARE = 2**14, 0.1
"""So does one of which so much was not read."""


@dataclass(frozen=True)
class MediaLimits:
    """What any file may be.

    The defaults are for a file the user names on their own machine.
    """

    max_duration_s: float = 7_200.0
    max_bytes: int = 4 * 2**30


class MediaFile(Source[Chunk]):
    """An open file."""

    kind: ClassVar[str]

    def __init__(self, source: str | Path | bytes, limits: MediaLimits) -> None:
        super().__init__()
        self._limits = limits
        self._packets_end_s = 0.0
        self._container: InputContainer | None = None
        self.name, self._file, self._size_bytes = _open_bytes(source)
        try:
            self._check_size(self._size_bytes)
            self._parts = parts(self._file, self._size_bytes)
            self._container = self._open(self._parts[0])
            self.duration_s = self._duration_s(self._container)
            if self.duration_s is not None:
                self._check_time(self.duration_s)
        except BaseException:
            self.close()
            raise
        self._chunks = self._checked(self._decode())

    def __next__(self) -> Chunk:
        return next(self._chunks)

    def close(self) -> None:
        if self._container is not None:
            self._chunks = iter(())
            self._container.close()
            self._container = None
        self._file.close()

    @property
    @abstractmethod
    def formats(self) -> Sentence:
        """What file to give instead."""

    @abstractmethod
    def _find_stream(self, container: InputContainer) -> AudioStream | VideoStream: ...

    @abstractmethod
    def _check_stream(self) -> None:
        """Raises ClaError where the stream is beyond the limits."""

    @abstractmethod
    def _decode(self) -> Iterator[Chunk]: ...

    @abstractmethod
    def _end_s(self, chunk: Chunk) -> float:
        """Media time at which a chunk ends."""

    def _checked(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks; then it is noted what of the file was not among them."""
        end_s = 0.0
        for chunk in chunks:
            end_s = self._end_s(chunk)
            yield chunk
        self._note_end(end_s)

    def _note_restart(self, at_s: float | None) -> None:
        if at_s is not None:
            self.notices.append(Sentence("notices.clock_restarts", file=self.name, at_s=at_s))

    def _note_end(self, end_s: float) -> None:
        promised_s, is_s = self._promised_s(end_s), end_s
        if self._stream.duration is None:
            # Then what it says is where the last of its streams ends, by its own clock.
            is_s = max(end_s, self._packets_end_s)
        if promised_s - is_s > max(_SHORT_S, _SHORT_SHARE * promised_s):
            self.notices.append(
                Sentence("notices.ends_early", file=self.name, end_s=is_s, promised_s=promised_s)
            )
        elif lacks_its_end(self._parts[-1]):
            self.notices.append(Sentence("notices.ends_unmarked", file=self.name, end_s=end_s))
        if self.damaged_packets:
            self.notices.append(
                Sentence("notices.damaged_places", file=self.name, count=self.damaged_packets)
            )
        unread = sum(part.unread_bytes for part in self._parts)
        if unread > max(_UNREAD_BYTES, _UNREAD_SHARE * self._size_bytes):
            self.notices.append(
                Sentence("notices.bytes_left_out", file=self.name, size_mb=unread / 1e6)
            )

    def _promised_s(self, end_s: float) -> float:
        """How long the file says that it is, 0 where it does not say."""
        if len(self._parts) > 1:
            return 0.0
        told_bytes, is_bytes = self._told.bytes, self._size_bytes
        if told_bytes > is_bytes:
            return end_s * told_bytes / is_bytes
        bit_rate = self._stream.codec_context.bit_rate
        if not self.duration_s or not bit_rate:
            return self.duration_s or 0.0
        # A duration that was concluded from the size is no promise.
        concluded = abs(self.duration_s * bit_rate / 8 / is_bytes - 1) < _SHORT_SHARE
        return 0.0 if concluded else self.duration_s

    def _frames(self) -> Iterator[av.AudioFrame | av.VideoFrame]:
        """Yields what can be decoded, part by part."""
        yield from self._frames_of_part()
        for part in self._parts[1:]:
            assert self._container is not None
            self._container.close()
            try:
                self._container = self._open(part)
            except ClaError:
                continue  # it is noted as bytes that were left out
            yield from self._frames_of_part()

    def _frames_of_part(self) -> Iterator[av.AudioFrame | av.VideoFrame]:
        """Frames of one part; decoding continues after a damaged packet, as in a player."""
        assert self._container is not None
        packets = self._container.demux()
        failures = 0
        while failures < _MOST_FAILURES:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, IndexError):
                # The packets end with a fault in reading; there may be more behind it. PyAV does
                # not know streams that begin in the middle of a file.
                self.damaged_packets += 1
                failures += 1
                packets = self._container.demux()
                continue
            self._packets_end_s = max(self._packets_end_s, _end_s(packet))
            if packet.stream is not self._stream:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self.damaged_packets += 1
                continue
            failures = 0
            for frame in frames:
                if isinstance(frame, av.AudioFrame | av.VideoFrame):
                    yield frame

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes == 0:
            raise ClaError("file_empty", file=self.name, formats=self.formats)
        if size_bytes > self._limits.max_bytes:
            raise ClaError("file_too_large", file=self.name, most_mb=self._limits.max_bytes / 1e6)

    def _check_time(self, time_s: float) -> None:
        if time_s > self._limits.max_duration_s:
            raise ClaError(
                "file_too_long", file=self.name, most_minutes=self._limits.max_duration_s / 60
            )

    @property
    def _clock_restarts(self) -> bool:
        """Whether the format's clock may begin anew at any place."""
        assert self._container is not None
        return bool(self._container.format.flags & cast(int, Flags.ts_discont.value))

    def _duration_s(self, container: InputContainer) -> float | None:
        stream = self._stream
        if self._told.understated or len(self._parts) > 1:
            return None
        if stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration_s = container.duration / av.time_base
        else:
            return None
        return duration_s if duration_s > 0 else None

    def _open(self, part: FilePart) -> InputContainer:
        """A part as a container, with its stream found and checked."""
        self._part = part
        self._told = riff_size(part)
        ending = Path(self.name).suffix.lower().removeprefix(".")
        bare = ending if ending in BARE and part.head[:4] != b"RIFF" else None
        container = open_container(part, ignore_length=self._told.understated, bare=bare)
        if container is None:
            raise ClaError(
                "file_not_media",
                file=self.name,
                medium=Sentence(f"words.{self.kind}"),
                formats=self.formats,
            )
        self._container = container
        self._stream = self._find_stream(container)
        if self._stream.codec_context is None:
            raise ClaError("file_codec_unknown", file=self.name, formats=self.formats)
        self._stream.codec_context.thread_count = 1
        self._check_stream()
        return container


def _open_bytes(source: str | Path | bytes) -> tuple[str, BinaryIO, int]:
    """Returns a name that is safe to print, the bytes as a file, and how many they are."""
    if isinstance(source, bytes):
        return Sentence("words.upload"), BytesIO(source), len(source)
    path = Path(source)
    name = printable(path.name)
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ClaError("file_not_opened", file=name or path, reason=reason) from error
    return name, file, os.fstat(file.fileno()).st_size


def _end_s(packet: "av.Packet[Any]") -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)

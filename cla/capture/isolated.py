"""Sound and video files from strangers, decoded in a process of their own.

The decoder may hang, swell or crash: its limits are in `cla.capture.decoder`, and what comes of it
is a sentence. What it writes is believed no more than the file: nothing is unpickled.
"""

import json
import os
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from cla.capture import child, decoder
from cla.capture.audio_file import AudioLimits
from cla.capture.child import (
    Child,
    ChildSource,
    Chunk,
    nameless_file,
    picture_of,
    sentence_of,
    sound_of,
)
from cla.capture.decoder import Kind
from cla.capture.video_file import VideoLimits
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame

MOST_NOTICES, MAX_NOTICE = 16, 400


class IsolatedFile(ChildSource[Chunk]):
    """An open file: an iterator of chunks, to be used once, and a context manager.

    Attributes:
        name, duration_s, damaged_packets, notices: as of a `MediaFile`.
    """

    kind: ClassVar[Kind]
    _message: ClassVar[str]

    def __init__(self, content: bytes | Path, limits: AudioLimits | VideoLimits) -> None:
        self.name = Sentence("words.upload")
        self.damaged_packets = 0
        self.notices: list[Sentence] = []
        super().__init__(_start(self.kind, content, limits))

    def _opened(self, header: dict[str, Any]) -> None:
        self.duration_s = _optional(header["duration_s"])

    @abstractmethod
    def _chunk(self, header: dict[str, Any], data: bytes) -> Chunk: ...

    def _read(self) -> Iterator[Chunk]:
        while True:
            with self._child.unbelieving():
                header, data = self._child.read(self._message, "notice", "end")
                if header["type"] == "end":
                    self.damaged_packets = int(header["damaged_packets"])
                    return
                if header["type"] == "notice":
                    self._take_notice(sentence_of(header))
                    continue
                chunk = self._chunk(header, data)
            yield chunk

    def _take_notice(self, notice: Sentence) -> None:
        if len(self.notices) == MOST_NOTICES or len(notice) > MAX_NOTICE:
            raise ValueError("there is more to say than can be")
        self.notices.append(notice)


class IsolatedAudio(IsolatedFile[AudioChunk]):
    """An open sound file.

    Attributes:
        sample_rate_hz: sample rate of every chunk.
    """

    kind = "sound"
    _message = "sound"

    def _opened(self, header: dict[str, Any]) -> None:
        super()._opened(header)
        self.sample_rate_hz = int(header["sample_rate_hz"])

    def _chunk(self, header: dict[str, Any], data: bytes) -> AudioChunk:
        return sound_of(header, data, self.sample_rate_hz)


class IsolatedVideo(IsolatedFile[VideoFrame]):
    """An open video file."""

    kind = "video"
    _message = "picture"

    def _chunk(self, header: dict[str, Any], data: bytes) -> VideoFrame:
        return picture_of(header, data)


def open_isolated_audio(
    content: bytes | Path, *, limits: AudioLimits | None = None
) -> IsolatedAudio:
    """As `open_audio`, of a file that is not trusted, given by its content or where it lies."""
    return IsolatedAudio(content, limits or AudioLimits())


def open_isolated_video(content: bytes, *, limits: VideoLimits | None = None) -> IsolatedVideo:
    """As `open_video`, of a file that is not trusted."""
    return IsolatedVideo(content, limits or VideoLimits())


def _start(kind: Kind, content: bytes | Path, limits: AudioLimits | VideoLimits) -> Child:
    kept = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}  # one thread reserves less memory
    try:
        opened = content.open("rb") if isinstance(content, Path) else nameless_file(content)
        with opened as file:
            return Child(
                "cla.capture.decoder",
                kind,
                json.dumps(asdict(limits)),
                given=file,
                environment=environment,
                failed=_failed,
            )
    except OSError as error:
        raise ClaError("decoder_not_started", reason=error.strerror) from error


def _failed(status: int | None) -> ClaError:
    file = Sentence("words.upload")
    match status:
        case None:
            return ClaError("decoder_confused", file=file)
        case child.STOPPED:
            return ClaError("decoder_too_slow", file=file)
        case decoder.MEMORY:
            return ClaError("decoder_out_of_memory", file=file)
        case _:
            return ClaError("decoder_crashed", file=file)


def _optional(number: object) -> float | None:
    return None if number is None else float(str(number))

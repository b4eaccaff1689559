"""Sound and video files from strangers, decoded in a process of their own.

The decoder may hang, swell or crash: its limits are in `cla.capture.decoder`, and what comes of it
is a sentence. What it writes is believed no more than the file.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from cla.capture import decoder
from cla.capture.audio_file import AudioLimits
from cla.capture.child import Child, ChildSource, nameless_file
from cla.capture.messages import STOPPED
from cla.capture.source import Chunk
from cla.capture.video_file import VideoLimits
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame


class IsolatedFile(ChildSource[Chunk]):
    """An open file, given by its content or where it lies."""

    def __init__(self, content: bytes | Path, limits: AudioLimits | VideoLimits) -> None:
        self.name = Sentence("words.upload")
        super().__init__(_decoder(content, limits))


class IsolatedAudio(IsolatedFile[AudioChunk]):
    """An open sound file."""

    _gives = "sound"


class IsolatedVideo(IsolatedFile[VideoFrame]):
    """An open video file."""

    _gives = "picture"


def open_isolated_audio(
    content: bytes | Path, *, limits: AudioLimits | None = None
) -> IsolatedAudio:
    """As `open_audio`, of a file that is not trusted, given by its content or where it lies."""
    return IsolatedAudio(content, limits or AudioLimits())


def open_isolated_video(content: bytes, *, limits: VideoLimits | None = None) -> IsolatedVideo:
    """As `open_video`, of a file that is not trusted."""
    return IsolatedVideo(content, limits or VideoLimits())


def _decoder(content: bytes | Path, limits: AudioLimits | VideoLimits) -> Child:
    kept = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}  # one thread reserves less memory
    kind = "sound" if isinstance(limits, AudioLimits) else "video"
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
        case _ if status == STOPPED:
            return ClaError("decoder_too_slow", file=file)
        case decoder.MEMORY:
            return ClaError("decoder_out_of_memory", file=file)
        case _:
            return ClaError("decoder_crashed", file=file)

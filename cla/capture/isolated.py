"""Files from the network, decoded in a child process.

A damaged or hostile file can make a decoder hang, take all memory or crash. `cla.capture.worker`
limits time and memory of the process; when it fails, the reader here raises a `ClaError`. What the
process writes is checked like the file itself.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from cla.capture.audio_file import AudioLimits
from cla.capture.child import Child, ChildSource, nameless_file
from cla.capture.messages import MEMORY, STOPPED, Picture, Sound
from cla.capture.source import Chunk, SoundSource, VideoSource
from cla.capture.video_file import VideoLimits
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, VideoFrame


class IsolatedFile(ChildSource[Chunk]):
    """A file that a child process decodes, given by its content or its path."""

    def __init__(self, content: bytes | Path, limits: AudioLimits | VideoLimits) -> None:
        self.name = Sentence("words.upload")
        super().__init__(_decoder(content, limits))


class IsolatedAudio(IsolatedFile[AudioChunk], SoundSource):
    """A sound file: an iterator of its chunks."""

    _gives = Sound


class IsolatedVideo(IsolatedFile[VideoFrame], VideoSource):
    """A video file: an iterator of its pictures."""

    _gives = Picture


def open_isolated_audio(
    content: bytes | Path, *, limits: AudioLimits | None = None
) -> IsolatedAudio:
    """Like `open_audio`, for a file that is not trusted: it is decoded in a child process."""
    return IsolatedAudio(content, limits or AudioLimits())


def open_isolated_video(content: bytes, *, limits: VideoLimits | None = None) -> IsolatedVideo:
    """Like `open_video`, for a file that is not trusted: it is decoded in a child process."""
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
        case _ if status == MEMORY:
            return ClaError("decoder_out_of_memory", file=file)
        case _:
            return ClaError("decoder_crashed", file=file)

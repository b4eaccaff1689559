"""Any file of sound or video; one from the network is decoded in a child process."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cla.capture.audio_file import AudioLimits, open_audio
from cla.capture.child import Child, ChildSource, nameless_file
from cla.capture.joint_file import JointFile, is_joint_file
from cla.capture.messages import MEMORY, STOPPED, Picture, Sound
from cla.capture.source import Chunk, SoundSource, VideoSource
from cla.capture.video_file import VideoLimits, open_video
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import AudioChunk, InputKind, VideoFrame


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


@dataclass(frozen=True)
class FileLimits:
    """What a file may be, whichever medium it holds."""

    sound: AudioLimits = field(default_factory=AudioLimits)
    video: VideoLimits = field(default_factory=VideoLimits)


def open_file(
    kind: InputKind, source: str | Path | bytes, limits: FileLimits | None = None
) -> SoundSource | VideoSource:
    """Opens a file for its sound or for its pictures; tables of joints are drawn.

    Args:
        source: the path of a local file, or the content of an uploaded one, which is decoded in a
            child process.

    Raises:
        ClaError: it holds none, or is beyond the limits.
    """
    limits = limits or FileLimits()
    if kind == "sound":
        if isinstance(source, bytes):
            return open_isolated_audio(source, limits=limits.sound)
        return open_audio(source, limits=limits.sound)
    if is_joint_file(source):
        return JointFile(source, limits.video)
    if isinstance(source, bytes):
        return open_isolated_video(source, limits=limits.video)
    return open_video(source, limits=limits.video)

"""What each task takes in, and how a source becomes a stream of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cla.capture import (
    AudioFile,
    AudioLimits,
    Camera,
    Microphone,
    VideoFile,
    VideoLimits,
    open_audio,
    open_video,
)
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.engine.video_stream import VideoStream
from cla.features import HandTokenizer
from cla.models import TaskModel

Source = AudioFile | Microphone | VideoFile | Camera


@dataclass(frozen=True)
class FileLimits:
    """What a file may be, whichever medium it holds."""

    sound: AudioLimits = field(default_factory=AudioLimits)
    video: VideoLimits = field(default_factory=VideoLimits)


def open_file(
    task: TaskModel, source: str | Path | bytes, limits: FileLimits | None = None
) -> AudioFile | VideoFile:
    """A file of what the task listens to or looks at, given by its path or by its content.

    Raises:
        ClaError: it is none, or beyond the limits.
    """
    limits = limits or FileLimits()
    if task.input == "sound":
        return open_audio(source, limits=limits.sound)
    return open_video(source, limits=limits.video)


def stream_of(source: Source, *, preview: bool = False) -> Stream[Any]:
    """The stream that takes what this source gives.

    Args:
        preview: whether records of pictures carry them.

    Raises:
        ClaError: what makes its features cannot be loaded.
    """
    if isinstance(source, AudioFile | Microphone):
        return SoundStream(source.sample_rate_hz)
    return VideoStream(HandTokenizer(), preview=preview)

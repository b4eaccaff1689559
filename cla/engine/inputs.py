"""What each task takes in, and how a source becomes a stream of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cla.capture import (
    AudioFile,
    AudioLimits,
    Camera,
    IsolatedAudio,
    IsolatedVideo,
    Microphone,
    VideoFile,
    VideoLimits,
    open_audio,
    open_isolated_audio,
    open_isolated_video,
    open_video,
)
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.engine.video_stream import VideoStream
from cla.errors import ClaError
from cla.features import ImageFrontEnd, SoundFrontEnd
from cla.models import TaskModel

SoundSource = AudioFile | IsolatedAudio | Microphone
VideoSource = VideoFile | IsolatedVideo | Camera
FileSource = AudioFile | IsolatedAudio | VideoFile | IsolatedVideo
Source = SoundSource | VideoSource


@dataclass(frozen=True)
class FileLimits:
    """What a file may be, whichever medium it holds."""

    sound: AudioLimits = field(default_factory=AudioLimits)
    video: VideoLimits = field(default_factory=VideoLimits)


def open_file(
    task: TaskModel, source: str | Path | bytes, limits: FileLimits | None = None
) -> FileSource:
    """Opens a file of sound or video, as the task needs it.

    Args:
        source: the path of a local file, or the content of an uploaded one, which is decoded in a
            child process.

    Raises:
        ClaError: it cannot be decoded, or is beyond the limits.
    """
    limits = limits or FileLimits()
    if task.input == "sound":
        if isinstance(source, bytes):
            return open_isolated_audio(source, limits=limits.sound)
        return open_audio(source, limits=limits.sound)
    if isinstance(source, bytes):
        return open_isolated_video(source, limits=limits.video)
    return open_video(source, limits=limits.video)


def sound_stream(task: TaskModel, sample_rate_hz: int, *, preview: bool = False) -> SoundStream:
    """The stream in which a task is given sound.

    Args:
        preview: whether there are records of how loud it is.

    Raises:
        ClaError: the task takes none, or what makes its features cannot be loaded.
    """
    match task.front_end:
        case SoundFrontEnd() as front_end:
            return SoundStream(sample_rate_hz, front_end.open(sample_rate_hz), preview=preview)
    raise ClaError("task_takes_no_sound", task=task.name)


def video_stream(task: TaskModel, *, preview: bool = False) -> VideoStream:
    """The stream in which a task is given pictures.

    Args:
        preview: whether records of pictures carry them.

    Raises:
        ClaError: the task takes none, or what makes its features cannot be loaded.
    """
    match task.front_end:
        case ImageFrontEnd() as front_end:
            return VideoStream(front_end.open(), preview=preview)
    raise ClaError("task_takes_no_pictures", task=task.name)


def stream_of(task: TaskModel, source: Source, *, preview: bool = False) -> Stream[Any]:
    """The stream in which a task is given what this source gives.

    Args:
        preview: whether there are records to look at: of loudness, and of pictures with these.

    Raises:
        ClaError: the task takes another medium, or what makes its features cannot be loaded.
    """
    if isinstance(source, SoundSource):
        return sound_stream(task, source.sample_rate_hz, preview=preview)
    return video_stream(task, preview=preview)

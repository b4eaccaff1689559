"""What each task takes in, and how a source becomes a stream of it."""

from typing import Any

from cla.capture import SoundSource, VideoSource
from cla.engine.sound_stream import SoundStream
from cla.engine.stream import Stream
from cla.engine.video_stream import VideoStream
from cla.errors import ClaError
from cla.features import ImageFrontEnd, SoundFrontEnd
from cla.models import TaskModel

Source = SoundSource | VideoSource


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


def video_stream(task: TaskModel, *, preview: bool = False, joints: bool = False) -> VideoStream:
    """The stream in which a task is given pictures.

    Args:
        preview: whether records of pictures carry them.
        joints: whether the pictures carry joints, without which some tasks see nothing.

    Raises:
        ClaError: the task takes none, or what makes its features cannot be loaded.
    """
    match task.front_end:
        case ImageFrontEnd() as front_end:
            if front_end.joints and not joints:
                raise ClaError("pictures_without_joints", task=task.name)
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
    return video_stream(task, preview=preview, joints=source.joints)

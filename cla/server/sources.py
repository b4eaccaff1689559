"""What a page may play: each of its wishes opened, and what it then sends turned into packets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cla.capture import (
    AudioLimits,
    Camera,
    FileLimits,
    Microphone,
    VideoLimits,
    open_file,
    sample_clips,
)
from cla.engine import (
    FeatureStream,
    Source,
    Stream,
    sound_stream,
    stream_of,
    video_stream,
)
from cla.errors import ClaError
from cla.models import TaskModel
from cla.server.messages import Listen, OpenDevice, Watch
from cla.server.packets import features_of, frame_of, samples_of
from cla.server.upload import MAX_BYTES

UPLOAD_LIMITS = FileLimits(
    AudioLimits(max_duration_s=600.0, max_bytes=MAX_BYTES),
    VideoLimits(max_duration_s=600.0, max_bytes=MAX_BYTES, max_frames=600 * 60),
)
MICROPHONE_RATES_HZ = range(8_000, 192_001)


@dataclass(frozen=True)
class Opened:
    """A source that is open, and the stream in which its task is given it.

    Args:
        shown: its description for the page.
        live: it cannot wait.
        source: what is read here; None where the page itself sends packets.
        packet: makes one of what the page sends, and of the latest time at which that can be.
        sample_rate_hz: of the page's microphone.
    """

    task: TaskModel
    stream: Stream[Any]
    shown: dict[str, Any]
    live: bool = True
    source: Source | None = None
    packet: Callable[[bytes, float], Any] | None = None
    sample_rate_hz: int | None = None


def open_sample(clip_name: str, tasks: Mapping[str, TaskModel]) -> Opened:
    """A clip that comes with the package.

    Raises:
        ClaError: there is none of that name.
    """
    clips = {clip.name: clip for task in tasks for clip in sample_clips(task)}
    if clip_name not in clips:
        raise ClaError("clip_unknown", name=clip_name, choices=", ".join(clips))
    clip = clips[clip_name]
    task = tasks[clip.task]
    return _file(task, open_file(task.input, clip.path), {"source": "sample", "clip": clip_name})


def open_upload(content: bytes, name: str, task: TaskModel) -> Opened:
    """An uploaded file, which is decoded in a child process.

    Raises:
        ClaError: the task cannot take it, or it is beyond the limits.
    """
    file = open_file(task.input, content, UPLOAD_LIMITS)
    return _file(task, file, {"source": "upload", "clip": name})


def open_device(asked: Listen | Watch | OpenDevice, task: TaskModel) -> Opened:
    """A microphone or camera, of the page or of this machine.

    Raises:
        ClaError: there is no such device, or it cannot be opened.
    """
    match asked:
        case Listen(rate_hz):
            if rate_hz not in MICROPHONE_RATES_HZ:
                raise ClaError("microphone_rate_out_of_range", rate_hz=rate_hz)
            return Opened(
                task,
                sound_stream(task, rate_hz, preview=True),
                {"source": "microphone", "sample_rate_hz": rate_hz},
                packet=lambda data, _: samples_of(data),
                sample_rate_hz=rate_hz,
            )
        case Watch():
            return Opened(task, video_stream(task), {"source": "camera"}, packet=frame_of)
        case OpenDevice(kind, index):
            device = Microphone(index) if kind == "sound" else Camera(index)
            shown = {"source": "device", "kind": kind, "device_name": device.name}
            return _read_here(task, device, shown, live=True)


def open_features(task: TaskModel) -> Opened:
    """Tokens that the client makes itself, at the rate of the task."""
    size = task.classifier.config.input_dim
    return Opened(
        task,
        FeatureStream(task.hop_s),
        {"source": "features"},
        packet=lambda data, _: features_of(data, size),
    )


def _file(task: TaskModel, file: Source, shown: dict[str, Any]) -> Opened:
    return _read_here(task, file, {**shown, "duration_s": file.duration_s}, live=False)


def _read_here(task: TaskModel, source: Source, shown: dict[str, Any], *, live: bool) -> Opened:
    try:
        stream = stream_of(task, source, preview=True)
    except BaseException:
        source.close()
        raise
    return Opened(task, stream, shown, live, source)

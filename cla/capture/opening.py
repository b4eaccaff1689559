"""Any file of sound or video, from wherever it comes."""

from dataclasses import dataclass, field
from pathlib import Path

from cla.capture.audio_file import AudioLimits, open_audio
from cla.capture.isolated import open_isolated_audio, open_isolated_video
from cla.capture.source import SoundSource, VideoSource
from cla.capture.video_file import VideoLimits, open_video
from cla.types import InputKind


@dataclass(frozen=True)
class FileLimits:
    """What a file may be, whichever medium it holds."""

    sound: AudioLimits = field(default_factory=AudioLimits)
    video: VideoLimits = field(default_factory=VideoLimits)


def open_file(
    kind: InputKind, source: str | Path | bytes, limits: FileLimits | None = None
) -> SoundSource | VideoSource:
    """Opens a file for its sound or for its pictures.

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
    if isinstance(source, bytes):
        return open_isolated_video(source, limits=limits.video)
    return open_video(source, limits=limits.video)

"""Video files of any container and codec, as upright pictures of moderate size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from cla.capture.media_file import MediaFile, MediaLimits
from cla.capture.pictures import MIN_SIDE, fitting_size
from cla.errors import ClaError
from cla.types import VideoFrame

_FALLBACK_HZ = 25.0


@dataclass(frozen=True)
class VideoLimits(MediaLimits):
    """What a video file may be; `max_frames` is for files whose times say nothing."""

    max_pixels: int = 4_096 * 2_304
    max_frames: int = 7_200 * 60


class VideoFile(MediaFile[VideoFrame]):
    """An open video file.

    Pictures are turned as the file's rotation flag says, and made smaller where they are large.
    Times are the file's own, counted from the first picture, and rise from picture to picture; a
    picture that goes back in time is left out.
    """

    kind: ClassVar[str] = "video"
    formats: ClassVar[str] = "Give a video file such as MP4, WebM, MOV or AVI."
    _limits: VideoLimits
    _stream: VideoStream

    def _find_stream(self, container: InputContainer) -> VideoStream:
        stream = container.streams.best("video")
        # The cover of an album is a video stream to the container.
        if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
            raise ClaError(f"{self.name} holds no moving pictures.", self.formats)
        return stream

    def _check_stream(self) -> None:
        context = self._stream.codec_context
        self._check_pixels(context.width, context.height)
        # The decoder refuses a picture that turns out larger before it makes room for it.
        context.options = {"max_pixels": str(self._limits.max_pixels)}

    def _check_pixels(self, width: int, height: int) -> None:
        if min(width, height) < MIN_SIDE or width * height > self._limits.max_pixels:
            raise ClaError(
                f"{self.name} has pictures of {width} by {height} pixels.",
                f"Convert it to a size from {MIN_SIDE} by {MIN_SIDE} to 4096 by 2304 pixels, "
                "best 640 by 480.",
            )

    def _decode(self, container: InputContainer) -> Iterator[VideoFrame]:
        frame_s = 1 / float(self._stream.average_rate or _FALLBACK_HZ)
        first_s: float | None = None
        last_s = 0.0
        frames_read = 0
        for frame in self._frames(container):
            assert isinstance(frame, av.VideoFrame)
            frames_read += 1
            if frames_read > self._limits.max_frames:
                raise ClaError(
                    f"{self.name} has more than {self._limits.max_frames:,} pictures.",
                    "Cut it to a shorter piece.",
                )
            if first_s is None:
                first_s = frame.time or 0.0
                time_s = 0.0
            else:
                time_s = last_s + frame_s if frame.time is None else frame.time - first_s
                if time_s <= last_s:
                    continue
            self._check_time(time_s)
            self._check_pixels(frame.width, frame.height)
            last_s = time_s
            yield VideoFrame(_upright(frame), time_s)
        if first_s is None:
            raise ClaError(f"{self.name} holds no pictures that can be decoded.", self.formats)


def open_video(source: str | Path | bytes, *, limits: VideoLimits | None = None) -> VideoFile:
    """Opens a video file, given by its path or by its content.

    Raises:
        ClaError: no such file, empty, too large, too long, or no video. What can only be seen
            while decoding is raised while iterating.
    """
    return VideoFile(source, limits or VideoLimits())


def _upright(frame: av.VideoFrame) -> NDArray[np.uint8]:
    width, height = fitting_size(frame.width, frame.height)
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    turned: NDArray[np.uint8] = np.rot90(image, round(frame.rotation / 90))
    return np.ascontiguousarray(turned)

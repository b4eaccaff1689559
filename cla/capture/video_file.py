"""Video files of any container and codec, as upright pictures of moderate size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from cla.capture.media_clock import PictureClock, with_next
from cla.capture.media_file import MediaFile, MediaLimits
from cla.capture.pictures import MIN_SIDE
from cla.capture.source import VideoSource
from cla.capture.upright import Upright
from cla.errors import ClaError
from cla.texts.sentence import Sentence
from cla.types import VideoFrame

_FALLBACK_HZ = 25.0


@dataclass(frozen=True)
class VideoLimits(MediaLimits):
    """What a video file may be; `max_frames` is for files whose times say nothing."""

    max_pixels: int = 4_096 * 2_304
    max_frames: int = 7_200 * 60


class VideoFile(MediaFile[VideoFrame], VideoSource):
    """An open video file.

    Pictures are turned and mirrored as the file says, get square pixels, and are made smaller where
    they are large. Times are the file's own, counted from the first picture, and rise from picture
    to picture; a picture out of order is left out.
    """

    kind: ClassVar[str] = "video"
    _limits: VideoLimits
    _stream: VideoStream

    @property
    def formats(self) -> Sentence:
        return Sentence("words.video_formats")

    def _find_stream(self, container: InputContainer) -> VideoStream:
        stream = container.streams.best("video")
        # The cover of an album is a video stream to the container.
        if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
            raise ClaError("video_missing", file=self.name, formats=self.formats)
        return stream

    def _check_stream(self) -> None:
        self._upright: Upright | None = None
        context = self._stream.codec_context
        self._check_pixels(context.width, context.height)
        # The decoder refuses a picture that turns out larger before it makes room for it.
        context.options = {"max_pixels": str(self._limits.max_pixels)}

    def _check_pixels(self, width: int, height: int) -> None:
        if not width or not height:
            raise ClaError("video_not_decodable_or_too_large", file=self.name, formats=self.formats)
        if min(width, height) < MIN_SIDE or width * height > self._limits.max_pixels:
            raise ClaError(
                "video_size_out_of_range",
                file=self.name,
                width=width,
                height=height,
                least=MIN_SIDE,
            )

    def _end_s(self, chunk: VideoFrame) -> float:
        return chunk.time_s

    def _decode(self) -> Iterator[VideoFrame]:
        frame_s = 1 / float(self._stream.average_rate or _FALLBACK_HZ)
        clock = PictureClock(frame_s, restarts=self._clock_restarts)
        frames_read = 0
        for (frame, upright), following in with_next(self._pictures()):
            frames_read += 1
            if frames_read > self._limits.max_frames:
                raise ClaError(
                    "video_too_many_pictures", file=self.name, most=self._limits.max_frames
                )
            self._check_pixels(frame.width, frame.height)
            time_s = clock.shown_s(frame.time, following[0].time if following else None)
            if time_s is not None:
                self._check_time(time_s)
                yield VideoFrame(upright.image(frame), time_s)
        if not frames_read:
            raise ClaError("video_not_decodable", file=self.name, formats=self.formats)
        self._note_restart(clock.restarted_at_s)

    def _pictures(self) -> Iterator[tuple[av.VideoFrame, Upright]]:
        for frame in self._frames():
            if isinstance(frame, av.VideoFrame):
                if self._upright is None:
                    aspect = float(self._stream.sample_aspect_ratio or 1)
                    self._upright = Upright(frame, aspect, self._part.head)
                yield frame, self._upright


def open_video(source: str | Path | bytes, *, limits: VideoLimits | None = None) -> VideoFile:
    """Opens a video file, given by its path or by its content.

    Raises:
        ClaError: no such file, empty, too large, too long, or no video. What can only be seen
            while decoding is raised while iterating.
    """
    return VideoFile(source, limits or VideoLimits())

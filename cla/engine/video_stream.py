"""Pictures on their way into a session: one waits, and the newest wins."""

import time

from cla.capture import decode_jpeg, joints_in, preview_jpeg
from cla.engine.records import FrameRecord
from cla.engine.stream import Arrival, Stream, Taken
from cla.features import ImageTokenizer
from cla.types import EncodedFrame, Token, VideoFrame


class VideoStream(Stream[VideoFrame | EncodedFrame]):
    """Pictures with the time at which they were taken; media time is counted from the first.

    An encoded picture is decoded only when its turn comes, so that a dropped one costs nothing.

    Args:
        preview: whether records of pictures carry them.
    """

    def __init__(self, tokenizer: ImageTokenizer, *, preview: bool = False) -> None:
        super().__init__(capacity=1, size=lambda _: 1)
        self._tokenizer = tokenizer
        self._preview = preview
        self._lost = 0
        self._first_s: float | None = None

    @property
    def behind_s(self) -> float:
        return time.perf_counter() - self._waiting[0].arrived_s if self._waiting else 0.0

    def take(self, arrival: Arrival[VideoFrame | EncodedFrame]) -> Taken:
        frame = arrival.packet
        # Counted as lost until it has turned out to be a picture.
        self._lost += arrival.skipped + 1
        if isinstance(frame, EncodedFrame):
            image, joints = decode_jpeg(frame.jpeg), joints_in(frame.jpeg)
        else:
            image, joints = frame.image, frame.joints
        if self._first_s is None:
            self._first_s = frame.time_s
        time_s = frame.time_s - self._first_s
        tokens = self._tokenizer.push(VideoFrame(image, time_s, joints))
        picture = preview_jpeg(image) if self._preview else None
        record = FrameRecord(time_s, frame.time_s, self._tokenizer.hands, picture)
        lost, self._lost = self._lost - 1, 0
        return Taken(tokens, dropped_frames=lost, seen=record)

    def flush(self) -> list[Token]:
        return []

    def reset(self) -> None:
        self._tokenizer.reset()
        self._lost = 0
        self._first_s = None

"""Media time of decoded frames, from timestamps that may be damaged or begin anew.

A timestamp that jumps is used only if the next one agrees: otherwise one damaged timestamp would
move everything after it. Timestamps that go back are those of a second recording in the same file,
which is taken as following the first.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, tee
from typing import TypeVar

Frame = TypeVar("Frame")

SLACK_S = 0.1
"""Sound whose timestamps are off by no more is not moved; resamplers draw the line there too."""
RESTART_S = 1.0
"""Pictures that go back by less are out of order, and left out."""
_ROUNDING_S = 1e-6
LEAP_S = 10.0
"""A leap ahead of so much is a restart in formats whose clock may begin anew at any place."""


def with_next(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Frame | None]]:
    """Each frame with the one behind it; None behind the last."""
    frames, ahead = tee(frames)
    next(ahead, None)
    return zip(frames, chain(ahead, (None,)), strict=False)


class SoundClock:
    """How much sound is missing before each piece, in seconds.

    Args:
        restarts: whether the format's clock may begin anew at any place.

    Attributes:
        media_s: where the newest piece begins.
        missing_s, missing_at_s: how much sound was missing in all, and where first.
        restarted_at_s: media time at which the timestamps began anew for the first time.
    """

    def __init__(self, *, restarts: bool) -> None:
        self._restarts = restarts
        self._due_s: float | None = None
        self._end_s = 0.0
        self.media_s = self.missing_s = self.missing_at_s = 0.0
        self.restarted_at_s: float | None = None

    def gap_s(self, time_s: float | None, length_s: float, next_s: float | None) -> float:
        """Missing sound before a piece: as of its timestamp, where the next one agrees."""
        due_s = time_s if self._due_s is None else self._due_s
        gap_s = 0.0
        if time_s is None or due_s is None or not _jumps(due_s, time_s, next_s):
            time_s = due_s
        elif self._restarted(time_s - due_s):
            if self.restarted_at_s is None and abs(time_s - due_s) > RESTART_S:
                self.restarted_at_s = self._end_s
        else:
            gap_s = time_s - due_s
            self.missing_at_s = self.missing_at_s if self.missing_s else self._end_s
            self.missing_s += gap_s
        self._due_s = None if time_s is None else time_s + length_s
        self.media_s = self._end_s + gap_s
        self._end_s = self.media_s + length_s
        return gap_s

    def _restarted(self, leap_s: float) -> bool:
        return leap_s < 0 or (self._restarts and leap_s > LEAP_S)


class PictureClock:
    """When each picture is shown, in seconds from the first one.

    Args:
        frame_s: usual time from picture to picture.
        restarts, restarted_at_s: as of a `SoundClock`.
    """

    def __init__(self, frame_s: float, *, restarts: bool) -> None:
        self._frame_s = frame_s
        self._restarts = restarts
        self._last_s: float | None = None
        self._shift_s = 0.0
        self.restarted_at_s: float | None = None

    def shown_s(self, time_s: float | None, next_s: float | None) -> float | None:
        """When a picture is shown; None where it is out of order."""
        last_s = self._last_s
        if last_s is None:
            self._last_s = time_s or 0.0
            self._shift_s = -self._last_s
            return 0.0
        if time_s is None:
            time_s = last_s + self._frame_s
        leap_s = time_s - last_s
        if not _ROUNDING_S < leap_s <= LEAP_S:
            if -RESTART_S < leap_s <= _ROUNDING_S or not _agrees(last_s, time_s, next_s):
                return None
            if leap_s < 0 or self._restarts:
                if self.restarted_at_s is None:
                    self.restarted_at_s = last_s + self._shift_s
                self._shift_s += self._frame_s - leap_s
        self._last_s = time_s
        return time_s + self._shift_s


def _jumps(due_s: float, time_s: float, next_s: float | None) -> bool:
    return abs(time_s - due_s) > SLACK_S and _agrees(due_s, time_s, next_s)


def _agrees(due_s: float, time_s: float, next_s: float | None) -> bool:
    """Whether the next timestamp continues from this one, after a jump, and not from the last."""
    if next_s is None:
        return time_s > due_s
    return next_s > time_s and (time_s > due_s or next_s <= due_s)

"""Tokens at an even rate in a stream of frames of any rate."""

import math
from typing import NamedTuple

from cla.errors import ClaError

MAX_GAP_S = 1.0
"""Frames further apart than this are not bridged: no token is made up for the time between."""

_ROUNDING_S = 1e-6


class Due(NamedTuple):
    """A token that is due.

    Args:
        share: how far it lies on the way from the frame before (0) to the newest one (1).
    """

    time_s: float
    share: float


class TokenClock:
    """Says which tokens are due with each frame; their time is counted from the first frame."""

    def __init__(self, hop_s: float) -> None:
        self.hop_s = hop_s
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._first_s = 0.0
        self._tokens = 0
        self._frame_s = -math.inf

    def begins(self, time_s: float) -> bool:
        """Whether a frame of this time is the first one, or comes after a gap.

        Raises:
            ClaError: the time is not a number.
        """
        if not math.isfinite(time_s):
            raise ClaError("frame_without_time")
        return time_s - self._frame_s > MAX_GAP_S

    def take(self, time_s: float) -> list[Due] | None:
        """The tokens that are due with the next frame; None where it is not newer than the last.

        Raises:
            ClaError: the time is not a number.
        """
        if self.begins(time_s):
            self._first_s, self._tokens, self._frame_s = time_s, 0, -math.inf
        elif time_s <= self._frame_s:
            return None
        due = []
        while (due_s := self._first_s + self._tokens * self.hop_s) <= time_s + _ROUNDING_S:
            elapsed_s = time_s - self._frame_s
            share = 1.0 if math.isinf(elapsed_s) else min((due_s - self._frame_s) / elapsed_s, 1.0)
            due.append(Due(due_s, share))
            self._tokens += 1
        self._frame_s = time_s
        return due

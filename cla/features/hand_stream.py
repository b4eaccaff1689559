"""Hands of uneven frames in, tokens at an even rate out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cla.features.hand_features import (
    HAND_SLOTS,
    RECENT_TOKENS,
    Hand,
    MovingHand,
    Pose,
    hand_features,
    hand_velocities,
)
from cla.features.token_clock import TokenClock
from cla.types import Token

HAND_HOP_S = 1 / 15


class SeenHands(NamedTuple):
    """The hands of one frame.

    Args:
        aspect: width of the image over its height.
        time_s: media time of the frame.
    """

    hands: Sequence[Hand]
    aspect: float
    time_s: float


class _Followed:
    """A hand that is followed: where the newest frame and the newest token had it."""

    def __init__(self) -> None:
        self.frame: Pose | None = None
        self._token: Pose | None = None
        self._velocities: list[NDArray[np.float64]] = []

    def at(self, frame: Pose, share: float) -> MovingHand:
        """The hand a share of the way from the frame before to this one, as a token has it."""
        pose = frame if self.frame is None else _between(self.frame, frame, share)
        if self._token is not None:
            newest = hand_velocities(pose, self._token, HAND_HOP_S)
            self._velocities = [*self._velocities, newest][-RECENT_TOKENS:]
        self._token = pose
        return MovingHand(pose, np.array(self._velocities))


class HandStream:
    """Turns the hands of one stream's frames into tokens, one each 67 ms of media time.

    The time of the tokens is counted from the first frame. A hand that is followed is interpolated
    between the frames around a token; the rate of the frames, and how even it is, does not matter.
    The hand that has been there longest has the first slot.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._clock = TokenClock(HAND_HOP_S)
        self._count = 0
        self._followed: dict[int, _Followed] = {}

    def push(self, seen: SeenHands) -> list[Token]:
        """Takes the hands of one frame and returns the tokens it completes, oldest first.

        A frame that is not newer than the one before gives none.

        Raises:
            ClaError: the time is not a number.
        """
        hands, aspect, time_s = seen
        if self._clock.begins(time_s):
            self._followed = {}  # hands begin at rest
        due = self._clock.take(time_s)
        if due is None:
            return []
        scale = np.array([aspect, 1.0], np.float32)
        frame = {hand.track: Pose(hand.points * scale, hand.handedness) for hand in hands}
        # In the order in which they appeared, whatever the order in this frame.
        followed = {track: one for track, one in self._followed.items() if track in frame}
        for track in frame:
            followed.setdefault(track, _Followed())
        self._followed = dict(list(followed.items())[:HAND_SLOTS])
        tokens = [self._make(frame, time_s, share) for time_s, share in due]
        for track, one in self._followed.items():
            one.frame = frame[track]
        return tokens

    def flush(self) -> list[Token]:
        """Returns no tokens: none is made up for the time after the last frame."""
        return []

    def _make(self, frame: dict[int, Pose], time_s: float, share: float) -> Token:
        hands = [one.at(frame[track], share) for track, one in self._followed.items()]
        token = Token(self._count, time_s, torch.from_numpy(hand_features(hands)))
        self._count += 1
        return token


def _between(old: Pose, new: Pose, share: float) -> Pose:
    return Pose(old.points + np.float32(share) * (new.points - old.points), new.handedness)

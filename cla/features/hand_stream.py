"""Hands of uneven frames in, tokens at an even rate out."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from cla.errors import ClaError
from cla.features.hand import Hand
from cla.features.hand_features import HAND_SLOTS, Pose, hand_features
from cla.types import Token

HAND_HOP_S = 1 / 15
MAX_GAP_S = 1.0
"""Frames further apart than this are not bridged: no token is made up for the time between."""

_ROUNDING_S = 1e-6

Slots = list[Pose | None]


class HandStream:
    """Turns the hands of one stream's frames into tokens, one each 67 ms of media time.

    The time of the tokens is counted from the first frame. A hand that is followed is interpolated
    between the frames around a token; the rate of the frames, and how even it is, does not matter.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._count = 0
        self._tracks: list[int | None] = [None] * HAND_SLOTS
        self._restart(None)

    def _restart(self, first_s: float | None) -> None:
        """Counts the time of tokens anew, from a first frame; hands begin at rest."""
        self._first_s = first_s
        self._tokens_since = 0
        self._frame_s = -math.inf
        self._frame: Slots = [None] * HAND_SLOTS
        self._token: Slots = [None] * HAND_SLOTS

    def push(self, hands: Sequence[Hand], aspect: float, time_s: float) -> list[Token]:
        """Takes the hands of one frame and returns the tokens it completes, oldest first.

        A frame that is not newer than the one before gives none.

        Args:
            aspect: width of the image over its height.
            time_s: media time of the frame.

        Raises:
            ClaError: the time is not a number.
        """
        if not math.isfinite(time_s):
            raise ClaError(
                "A frame of the video carries no usable time.", "Export the video again, as MP4."
            )
        if time_s <= self._frame_s:
            return []
        if self._first_s is None or time_s - self._frame_s > MAX_GAP_S:
            self._restart(time_s)
        frame = self._in_slots(hands, aspect)
        tokens = []
        while (due_s := self._due_s()) <= time_s + _ROUNDING_S:
            tokens.append(self._make(frame, time_s, due_s))
        self._frame, self._frame_s = frame, time_s
        return tokens

    def _due_s(self) -> float:
        assert self._first_s is not None
        return self._first_s + self._tokens_since * HAND_HOP_S

    def _in_slots(self, hands: Sequence[Hand], aspect: float) -> Slots:
        """Puts each hand into the slot it had before, or into a free one."""
        present = {hand.track: hand for hand in hands}
        # A slot whose hand is gone is emptied here, so that no other hand moves on from its place.
        for slot, track in enumerate(self._tracks):
            if track not in present:
                self._tracks[slot] = None
                self._frame[slot] = self._token[slot] = None
        for track in present:
            if track not in self._tracks and None in self._tracks:
                self._tracks[self._tracks.index(None)] = track
        scale = np.array([aspect, 1.0], np.float32)
        return [
            None
            if track is None
            else Pose(present[track].points * scale, present[track].handedness)
            for track in self._tracks
        ]

    def _make(self, frame: Slots, time_s: float, due_s: float) -> Token:
        """Returns the token that is due, between the frame before and this one."""
        elapsed_s = time_s - self._frame_s
        share = 1.0 if math.isinf(elapsed_s) else (due_s - self._frame_s) / elapsed_s
        poses = [_between(old, new, share) for old, new in zip(self._frame, frame, strict=True)]
        features = hand_features(poses, self._token, HAND_HOP_S)
        self._token = poses
        token = Token(self._count, due_s, torch.from_numpy(features))
        self._count += 1
        self._tokens_since += 1
        return token


def _between(old: Pose | None, new: Pose | None, share: float) -> Pose | None:
    """The hand a share of the way from one frame to the next; a new one is there at once."""
    if old is None or new is None:
        return new
    points = old.points + np.float32(min(share, 1.0)) * (new.points - old.points)
    return Pose(points, new.handedness)

"""A hand as the tracker sees it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NUM_POINTS = 21
WRIST, INDEX_KNUCKLE, MIDDLE_KNUCKLE, RING_KNUCKLE = 0, 5, 9, 13
BONES = (
    (0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (5, 9), (9, 10), (10, 11),
    (11, 12), (9, 13), (13, 14), (14, 15), (15, 16), (13, 17), (0, 17), (17, 18), (18, 19),
    (19, 20),
)  # fmt: skip
"""Pairs of points that the skeleton joins."""

Handedness = Literal["left", "right"]
Points = NDArray[np.float32]
"""(21, 2): the wrist, then thumb to little finger, each from the palm to its tip."""


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand in one frame.

    Args:
        points: x to the right and y down, from 0 to 1 over the image; may lie beyond it.
        handedness: which hand of the person it is, in an image that is not mirrored.
        presence: how sure the network is that this is a hand, 0 to 1.
        track: the same number in all frames through which this hand is followed.

    Shapes:
        points: (21, 2).
    """

    points: Points
    handedness: Handedness
    presence: float
    track: int = 0

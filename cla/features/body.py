"""The numbers a token holds of a speaker's hands, by the body's own measure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NUM_JOINTS = 6
LEFT_HAND, RIGHT_HAND, HEAD, SPINE, LEFT_WRIST, RIGHT_WRIST = range(NUM_JOINTS)
ARMS = [LEFT_HAND, RIGHT_HAND, LEFT_WRIST, RIGHT_WRIST]
LEFT_ARM, RIGHT_ARM = [LEFT_HAND, LEFT_WRIST], [RIGHT_HAND, RIGHT_WRIST]
MIRRORED = [RIGHT_HAND, LEFT_HAND, HEAD, SPINE, RIGHT_WRIST, LEFT_WRIST]
"""What each joint is in a mirror."""
BODY_HOP_S = 1 / 30
LAGS = (1, 3, 6)
"""Frames over which velocities are taken."""
REACH = max(LAGS)
"""Frames before the newest that its token depends on."""
DEPTH_UNIT = 5.5
"""Of x and y in a meter, by which z is told: a torso is 2.6 of the one and half of the other."""
PLACE_UNIT = 0.3
"""Of a torso's length; hands of someone who tells a story lie about so far around their mean."""
MAX_GAP_S = 1.0
"""Across longer gaps nothing is known of how a hand moved: it begins at rest."""
BODY_DIM = (3 + len(LAGS) * 4) * len(ARMS) + 4

Points = NDArray[np.floating]


class BodyFrame(NamedTuple):
    """The joints of one frame.

    Shapes:
        points: (6, 3), left and right hand, head, spine, left and right wrist
    """

    points: Points
    time_s: float


def body_features(points: Points, times_s: NDArray[np.floating]) -> NDArray[np.float32]:
    """Features of each frame, from it and the `REACH` before: no later frame matters.

    They are the places of hands and wrists from the spine, measured by the torso up to the head;
    the way from the right hand to the left, with its length; and over each lag the velocities and
    speeds, by the time between the frames, with tails drawn in (asinh). So they depend neither on
    where someone sits nor on how tall they are.

    Shapes:
        points: (T, 6, 3)
        times_s: (T,)
        returns: (T, 64)
    """
    placed = (points[:, ARMS] - points[:, [SPINE]]) * [1, 1, DEPTH_UNIT] / _torso(points)
    apart = placed[:, 0] - placed[:, 1]
    ways = [placed.reshape(len(placed), -1), apart, np.linalg.norm(apart, axis=1, keepdims=True)]
    parts = [way / PLACE_UNIT for way in ways]
    for lag in LAGS:
        before = _before(times_s, lag)
        elapsed_s = (times_s - times_s[before]).clip(BODY_HOP_S / 2)
        velocities = (placed - placed[before]) / elapsed_s[:, None, None]
        parts.append(np.arcsinh(velocities).reshape(len(placed), -1))
        parts.append(np.arcsinh(np.linalg.norm(velocities, axis=2)))
    return np.concatenate(parts, 1).astype(np.float32)


def _torso(points: Points) -> Points:
    """The length from spine to head in each frame, (T, 1, 1)."""
    length = np.linalg.norm((points[:, HEAD] - points[:, SPINE]) * [1, 1, DEPTH_UNIT], axis=1)
    clear: Points = length.clip(1e-6)[:, None, None]
    return clear


def _before(times_s: NDArray[np.floating], lag: int) -> NDArray[np.int64]:
    """The frame a lag before each, or the first after the last gap."""
    places = np.arange(len(times_s))
    begins = np.concatenate([[True], np.diff(times_s) > MAX_GAP_S])
    first: NDArray[np.int64] = np.maximum.accumulate(np.where(begins, places, 0))
    return np.maximum(places - lag, first)

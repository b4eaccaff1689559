"""A hand as the tracker sees it, and the numbers a token holds of up to two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

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


HAND_SLOTS = 2
HAND_DIM = 4 + 2 * NUM_POINTS + 5 + 4
HAND_FEATURE_DIM = HAND_SLOTS * HAND_DIM
RECENT_TOKENS = 5
"""Over so many tokens, a third of a second, velocities are averaged."""
_MIN_SIZE = 1e-6
# Units in which asinh leaves the tremor of a hand at rest small, and a fast one near 3.
_UNITS = np.array([5.0, 5.0, 0.5, 5.0])
_SPEED_UNIT = _UNITS[0]


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


class Pose(NamedTuple):
    """A hand at one time, in any unit of length that is the same for x and y.

    Shapes:
        points: (21, 2), x to the right and y down.
    """

    points: Points
    handedness: Handedness


class MovingHand(NamedTuple):
    """A hand and how it moved of late.

    Shapes:
        velocities: (K, 4), those of the last K tokens, newest last; K is 0 for a new hand.
    """

    pose: Pose
    velocities: NDArray[np.float64]


class _Lie(NamedTuple):
    """Where a hand is and how it lies.

    Shapes:
        center: (2,), the mean of its points.
        shape: (21, 2), the points as a right hand's, upright, of size 1 about their mean.
    """

    center: NDArray[np.float32]
    size: float
    angle: float
    shape: Points


def hand_features(hands: Sequence[MovingHand]) -> NDArray[np.float32]:
    """Returns the features of up to two hands, each in a slot; zeros where a slot is empty.

    A slot holds: 1 for a hand; 1 for a right and -1 for a left one; sine and cosine of the angle
    by which it was turned to be upright; its points; its newest velocities and its speed; and
    the mean of its recent velocities. Left hands are mirrored, except for where they move to.
    Sizes are root mean square distances from the mean of the points, so that nothing depends on
    where in the image a hand is, nor on its distance from the camera.

    Shapes:
        returns: (110,) float32.
    """
    features = np.zeros((HAND_SLOTS, HAND_DIM), np.float32)
    for slot, hand in zip(features, hands, strict=False):
        lie = _lie(hand.pose)
        side = 1.0 if hand.pose.handedness == "right" else -1.0
        slot[:4] = 1.0, side, np.sin(lie.angle), np.cos(lie.angle)
        slot[4 : 4 + 2 * NUM_POINTS] = lie.shape.ravel()
        if len(hand.velocities):
            newest = hand.velocities[-1]
            mean = hand.velocities[-RECENT_TOKENS:].sum(0) / RECENT_TOKENS
            slot[-9:-5] = np.arcsinh(newest / _UNITS)
            slot[-5] = np.arcsinh(np.hypot(newest[0], newest[1]) / _SPEED_UNIT)
            slot[-4:] = np.arcsinh(mean / _UNITS)
    return features.ravel()


def hand_velocities(now: Pose, before: Pose, elapsed_s: float) -> NDArray[np.float64]:
    """Returns how a hand moves.

    Shapes:
        returns: (4,), to the right and down in sizes of the hand a second, growth in natural
            logarithms a second, turning in radians a second.
    """
    new, old = _lie(now), _lie(before)
    across, down = (new.center - old.center) / new.size
    growth = np.log(new.size / old.size)
    turn = np.angle(np.exp(1j * (new.angle - old.angle)))
    return np.array([across, down, growth, turn]) / elapsed_s


def _lie(pose: Pose) -> _Lie:
    center = pose.points.mean(0)
    mirror = np.array([1.0 if pose.handedness == "right" else -1.0, 1.0], np.float32)
    shape = (pose.points - center) * mirror
    size = max(float(np.sqrt(np.square(shape).sum(1).mean())), _MIN_SIZE)
    across, down = shape[MIDDLE_KNUCKLE] - shape[WRIST]
    angle = float(np.arctan2(across, -down))
    cos, sin = np.cos(angle), np.sin(angle)
    upright = shape @ np.array([[cos, -sin], [sin, cos]], np.float32) / size
    return _Lie(center, size, angle, upright)

"""The numbers a token holds of up to two hands."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features.hand import MIDDLE_KNUCKLE, NUM_POINTS, WRIST, Handedness, Points

HAND_SLOTS = 2
HAND_DIM = 4 + 2 * NUM_POINTS + 5
HAND_FEATURE_DIM = HAND_SLOTS * HAND_DIM

_MIN_SIZE = 1e-6
# Units in which asinh leaves the tremor of a hand at rest small, and a fast one near 3.
_SPEED_UNIT = 5.0  # hand sizes a second
_GROWTH_UNIT = 0.5  # natural logarithms of size a second
_TURN_UNIT = 5.0  # radians a second


class Pose(NamedTuple):
    """A hand at one time, in any unit of length that is the same for x and y.

    Shapes:
        points: (21, 2), x to the right and y down.
    """

    points: Points
    handedness: Handedness


class _Frame(NamedTuple):
    """Where a hand is and how it lies.

    Shapes:
        center: (2,), the mean of its points.
        shape: (21, 2), the points as a right hand's, upright, of size 1 about their mean.
    """

    center: NDArray[np.float32]
    size: float
    angle: float
    shape: Points


def hand_features(
    now: Sequence[Pose | None], before: Sequence[Pose | None], elapsed_s: float
) -> NDArray[np.float32]:
    """Returns the features of the hands in each slot; zeros where a slot is empty.

    A slot holds: 1 for a hand; 1 for a right and -1 for a left one; sine and cosine of the angle
    by which it was turned to be upright; its points; and its velocities: to the right, downwards,
    speed, growth, turning. Left hands are mirrored, except for where they move to. Sizes are root
    mean square distances from the mean of the points, so that nothing depends on where in the
    image a hand is, nor on its distance from the camera.

    Shapes:
        returns: (102,) float32.

    Args:
        before: the same hands at the token before; None where a hand is new.
    """
    slots = [_slot(*poses, elapsed_s) for poses in zip(now, before, strict=True)]
    return np.concatenate(slots).astype(np.float32)


def _slot(now: Pose | None, before: Pose | None, elapsed_s: float) -> NDArray[np.float32]:
    if now is None:
        return np.zeros(HAND_DIM, np.float32)
    frame = _frame(now)
    side = 1.0 if now.handedness == "right" else -1.0
    lie = (1.0, side, np.sin(frame.angle), np.cos(frame.angle))
    return np.concatenate((lie, frame.shape.ravel(), _velocities(frame, before, elapsed_s)))


def _frame(pose: Pose) -> _Frame:
    center = pose.points.mean(0)
    mirror = np.array([1.0 if pose.handedness == "right" else -1.0, 1.0], np.float32)
    shape = (pose.points - center) * mirror
    size = max(float(np.sqrt(np.square(shape).sum(1).mean())), _MIN_SIZE)
    across, down = shape[MIDDLE_KNUCKLE] - shape[WRIST]
    angle = float(np.arctan2(across, -down))
    cos, sin = np.cos(angle), np.sin(angle)
    upright = shape @ np.array([[cos, -sin], [sin, cos]], np.float32) / size
    return _Frame(center, size, angle, upright)


def _velocities(now: _Frame, before: Pose | None, elapsed_s: float) -> NDArray[np.float64]:
    if before is None:
        return np.zeros(5)
    then = _frame(before)
    across, down = (now.center - then.center) / (now.size * elapsed_s)
    growth = np.log(now.size / then.size) / elapsed_s
    turn = np.angle(np.exp(1j * (now.angle - then.angle))) / elapsed_s
    return np.arcsinh(
        [
            across / _SPEED_UNIT,
            down / _SPEED_UNIT,
            np.hypot(across, down) / _SPEED_UNIT,
            growth / _GROWTH_UNIT,
            turn / _TURN_UNIT,
        ]
    )

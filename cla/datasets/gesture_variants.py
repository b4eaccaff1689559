"""Recorded gestures as another person might have made them, before another sensor."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features import body

MIRRORED_SHARE = 0.5
TURN, LEAN = 0.1, 0.05
"""About the vertical and to a side, in radians; like all below, a standard deviation."""
STRETCH = 0.1
"""Of each axis, and of the head's distance from the spine, in natural logarithms."""
OFFSET, HAND_OFFSET = 0.1, 0.05
"""Of both arms and of each alone, in the recordings' unit, of which a torso has 2.6."""
NOISE = 0.01
PACE = 0.2
"""In natural logarithms."""
DEPTHS = np.array([1.0, 1.0, 1 / body.DEPTH_UNIT])


class GestureRecording(NamedTuple):
    """Joints, frame by frame.

    Shapes:
        points: (T, 6, 3), see `cla.features.body`
        times_s: (T,)
    """

    points: NDArray[np.float64]
    times_s: NDArray[np.float64]


def varied(recording: GestureRecording, rng: np.random.Generator) -> GestureRecording:
    """The recording by another body, mirrored or not, turned, placed and paced another way."""
    points, times_s = recording
    middle = points[:, [body.SPINE]].mean(0)
    points = (points - middle) / DEPTHS
    if rng.random() < MIRRORED_SHARE:
        points = points[:, body.MIRRORED] * [-1, 1, 1]
    points = _turned(points, TURN * rng.standard_normal(), (0, 2))
    points = _turned(points, LEAN * rng.standard_normal(), (0, 1))
    spine = points[:, [body.SPINE]]
    stretch = np.exp(STRETCH * rng.standard_normal((body.NUM_JOINTS, 3)))
    stretch[:] = stretch[0]
    stretch[body.HEAD] *= np.exp(STRETCH * rng.standard_normal())
    points = spine + (points - spine) * stretch
    points[:, body.ARMS] += OFFSET * rng.standard_normal(3)
    for arm in body.LEFT_ARM, body.RIGHT_ARM:
        points[:, arm] += HAND_OFFSET * rng.standard_normal(3)
    points += NOISE * rng.standard_normal(points.shape)
    return GestureRecording(points * DEPTHS + middle, times_s)


def paces(recording: GestureRecording, rng: np.random.Generator) -> NDArray[np.floating]:
    """Places between the frames of a recording at which one of another pace has its frames.

    It dwells on a gesture for longer or shorter than the recording does, by as much all along.
    """
    pace = float(np.exp(PACE * rng.standard_normal()))
    last = len(recording.times_s) - 1
    return pace * np.arange(np.ceil(last / pace))


def paced(recording: GestureRecording, places: NDArray[np.floating]) -> GestureRecording:
    """The recording at other places between its frames, with frames as far apart in time."""
    points, times_s = recording
    before = places.astype(np.int64)
    share = (places - before)[:, None, None]
    elapsed_s = np.diff(times_s)[before]
    between = points[before] + share * (points[before + 1] - points[before])
    return GestureRecording(between, np.cumsum(elapsed_s))


def _turned(
    points: NDArray[np.float64], angle: float, axes: tuple[int, int]
) -> NDArray[np.float64]:
    first, second = (points[..., axis] for axis in axes)
    turned = points.copy()
    turned[..., axes[0]] = np.cos(angle) * first - np.sin(angle) * second
    turned[..., axes[1]] = np.sin(angle) * first + np.cos(angle) * second
    return turned

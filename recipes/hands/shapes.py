"""Shapes of hands: laid upright, turned, varied, and seen from elsewhere."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.float32]
"""(21, 2) or (T, 21, 2), about size 1."""

FINGERS = tuple(slice(first, first + 4) for first in range(1, 21, 4))


_PALM = [0, 5, 9, 13, 17]
_LONGEST = 95.0
"""Percentile of a bone's seen lengths, over all recordings, that is taken for its true one."""
_TOWARD = (1.0, 1.0, -1.0)
"""A bent finger's bones come out of the palm and go back into it."""
_THUMB_DEPTH = 0.5
_TURN_RAD = 0.4
_MOST_RAD = 1.0
_DISTANCE = 8.0
"""Of the camera, in sizes of the hand."""


def turned(points: Shape, angle: float | NDArray[np.floating]) -> Shape:
    """Points turned clockwise about the origin; one angle, or one for each frame."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.moveaxis(np.array([[cos, sin], [-sin, cos]], np.float32), (0, 1), (-2, -1))
    return points @ matrix


def upright(points: Shape) -> Shape:
    """A hand moved, scaled and turned as the features do it."""
    points = points - points.mean(-2, keepdims=True)
    size = np.sqrt(np.square(points).sum(-1).mean(-1))[..., np.newaxis, np.newaxis]
    across, down = np.moveaxis(points[..., 9, :] - points[..., 0, :], -1, 0)
    return turned(points / size, -np.arctan2(across, -down))


def varied(points: Shape, rng: np.random.Generator, variety: float = 1.0) -> Shape:
    """Another person's hand, seen a little from the side: the same change to all frames."""
    points = points.copy()
    for finger in FINGERS:
        root = points[..., finger.start, np.newaxis, :].copy()
        bent = turned(points[..., finger, :] - root, rng.normal(0, 0.08 * variety))
        points[..., finger, :] = root + bent * np.float32(rng.normal(1, 0.09 * variety))
    view = np.eye(2) + rng.normal(0, 0.07 * variety, (2, 2))
    view[:, 0] *= rng.uniform(0.75, 1.08)
    seen: Shape = points @ view.astype(np.float32)
    return seen


class Views:
    """Turns recorded hands out of the plane of the picture.

    Args:
        recordings: hands of all signs, whose bones are mostly seen in their full length.
    """

    def __init__(self, recordings: Iterable[Shape]) -> None:
        hands = np.concatenate(list(recordings))
        sizes = _palm_size(hands)[:, np.newaxis]
        self._lengths = [
            np.percentile(_lengths(hands[:, finger]) / sizes, _LONGEST, axis=0)
            for finger in FINGERS
        ]

    def seen(self, points: Shape, rng: np.random.Generator, variety: float = 1.0) -> Shape:
        """The hand as a camera elsewhere sees it; the same for all frames.

        Shapes:
            points: (T, 21, 2).
        """
        yaw, pitch = np.clip(rng.normal(0, _TURN_RAD * variety, 2), -_MOST_RAD, _MOST_RAD)
        middle = points.mean(-2, keepdims=True)
        flat = points - middle
        depth = self._depth(points)
        depth -= depth.mean(-1, keepdims=True)
        across = flat[..., 0] * np.cos(yaw) + depth * np.sin(yaw)
        away = depth * np.cos(yaw) - flat[..., 0] * np.sin(yaw)
        down = flat[..., 1] * np.cos(pitch) - away * np.sin(pitch)
        away = away * np.cos(pitch) + flat[..., 1] * np.sin(pitch)
        turned = np.stack((across, down), -1) / (1 - away / _DISTANCE)[..., np.newaxis]
        size = np.sqrt(np.square(turned).sum(-1).mean())
        seen: Shape = (turned / max(size, 1e-6) + middle).astype(np.float32)
        return seen

    def _depth(self, points: Shape) -> NDArray[np.floating]:
        """How far points are toward the camera, (T, 21), the palm being flat."""
        sizes = _palm_size(points)[:, np.newaxis]
        depth = np.zeros(points.shape[:-1])
        for number, (finger, true) in enumerate(zip(FINGERS, self._lengths, strict=True)):
            short = np.square(true * sizes) - np.square(_lengths(points[:, finger]))
            rises = np.sqrt(np.maximum(short, 0)) * _TOWARD
            rises *= 1.0 if number else _THUMB_DEPTH
            depth[:, finger.start + 1 : finger.stop] = np.cumsum(rises, -1)
        return depth


def _palm_size(points: Shape) -> NDArray[np.floating]:
    palm = points[..., _PALM, :]
    size: NDArray[np.floating] = np.sqrt(
        np.square(palm - palm.mean(-2, keepdims=True)).sum(-1).mean(-1)
    )
    return size


def _lengths(finger: Shape) -> NDArray[np.floating]:
    lengths: NDArray[np.floating] = np.linalg.norm(np.diff(finger, axis=-2), axis=-1)
    return lengths

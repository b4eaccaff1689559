"""Shapes of hands: laid upright, turned, varied."""

import numpy as np
from numpy.typing import NDArray

Shape = NDArray[np.float32]
"""(21, 2) or (T, 21, 2), about size 1."""

FINGERS = tuple(slice(first, first + 4) for first in range(1, 21, 4))


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

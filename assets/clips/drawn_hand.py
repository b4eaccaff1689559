"""Draws a hand from its 21 points, well enough for hand detectors to follow it."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (480, 360)
DETAIL = 2
SKIN = np.array([224.0, 172.0, 140.0])
EDGE, CREASE, LIGHT, SLEEVELESS = (
    0.62 * SKIN,
    0.75 * SKIN,
    np.minimum(1.12 * SKIN, 255),
    0.93 * SKIN,
)
GROUND = np.array([96.0, 112.0, 122.0])
PALM = [0, 1, 2, 5, 9, 13, 17]
# Points of each finger with its half widths, in units of the hand's size; the thumb comes last, on
# top of the others.
FINGERS = (
    ((17, 18, 19, 20), (0.21, 0.18, 0.16, 0.14)),
    ((13, 14, 15, 16), (0.24, 0.21, 0.19, 0.16)),
    ((9, 10, 11, 12), (0.26, 0.23, 0.21, 0.18)),
    ((5, 6, 7, 8), (0.25, 0.22, 0.20, 0.17)),
    ((1, 2, 3, 4), (0.30, 0.27, 0.24, 0.20)),
)

Points = NDArray[np.floating]


class _Canvas:
    """A picture drawn larger than it is shown, so that its edges are soft."""

    def __init__(self) -> None:
        width, height = (side * DETAIL for side in SIZE)
        shade = np.linspace(1.1, 0.7, height)[:, np.newaxis, np.newaxis]
        self.image = np.tile(GROUND * shade, (1, width, 1)).astype(np.float32)

    def limb(self, ends: Points, widths: tuple[float, float], color: NDArray[np.floating]) -> None:
        """A bone with round ends: two circles and what lies between them."""
        (start, end), (first, last) = ends, widths
        for point, radius in ((start, first), (end, last)):
            center = tuple(np.round(point).astype(int).tolist())
            cv2.circle(self.image, center, max(int(radius), 1), color.tolist(), -1, cv2.LINE_AA)
        side = _sideways(end - start)
        self.polygon(
            [start + side * first, end + side * last, end - side * last, start - side * first],
            color,
        )

    def polygon(self, corners: list[Points] | Points, color: NDArray[np.floating]) -> None:
        """A filled polygon."""
        points = np.round(corners).astype(np.int32)
        cv2.fillPoly(self.image, [points], color.tolist(), cv2.LINE_AA)

    def line(self, start: Points, end: Points, width: float) -> None:
        """A crease of the skin."""
        ends = [tuple(np.round(point).astype(int).tolist()) for point in (start, end)]
        cv2.line(self.image, *ends, CREASE.tolist(), max(int(width), 1), cv2.LINE_AA)

    def shown(self) -> NDArray[np.uint8]:
        """The picture at its size, with a camera's noise."""
        soft = cv2.GaussianBlur(self.image, (0, 0), 1.0 * DETAIL)
        small = cv2.resize(soft, SIZE, interpolation=cv2.INTER_AREA)
        noise = np.random.default_rng(0).normal(0, 2, small.shape)
        return np.clip(small + noise, 0, 255).astype(np.uint8)


def draw(points: Points | None) -> NDArray[np.uint8]:
    """Returns the picture of one hand, or of none.

    Shapes:
        points: (21, 2) in pixels of a picture of `SIZE`.
        returns: (height, width, 3) uint8, RGB.
    """
    canvas = _Canvas()
    if points is not None:
        joints = points * DETAIL
        unit = float(np.sqrt(np.square(joints - joints.mean(0)).sum(1).mean()))
        _draw_arm(canvas, joints, unit)
        _draw_palm(canvas, joints, unit)
        for chain, widths in FINGERS:
            _draw_finger(canvas, joints[list(chain)], unit * np.array(widths))
    return canvas.shown()


def _draw_arm(canvas: _Canvas, joints: Points, unit: float) -> None:
    down = joints[0] - joints[9]
    down = down / (np.linalg.norm(down) + 1e-6) * unit
    ends = np.stack([joints[0] + 0.1 * down, joints[0] + 4 * down])
    for grown, color in ((1.12, EDGE), (1.0, SLEEVELESS)):
        canvas.limb(ends, (0.42 * unit * grown, 0.55 * unit * grown), color)


def _draw_palm(canvas: _Canvas, joints: Points, unit: float) -> None:
    hull = cv2.convexHull(joints[PALM].astype(np.float32))[:, 0]
    for grown, color in ((1.25, EDGE), (1.0, SKIN)):
        canvas.polygon(hull, color)
        for start, end in zip(hull, np.roll(hull, -1, 0), strict=True):
            canvas.limb(np.stack([start, end]), (0.26 * unit * grown,) * 2, color)


def _draw_finger(canvas: _Canvas, joints: Points, widths: Points) -> None:
    bones = [(joints[i : i + 2], (widths[i], widths[i + 1])) for i in range(3)]
    for grown, color in ((1.22, EDGE), (1.0, 1.02 * SKIN)):
        for ends, (first, last) in bones:
            canvas.limb(ends, (first * grown, last * grown), color)
    for ends, (first, last) in bones:
        shift = -0.18 * np.array([[first], [last]])
        canvas.limb(ends + shift, (0.3 * first, 0.3 * last), LIGHT)
    for joint in (1, 2):
        side = _sideways(joints[joint + 1] - joints[joint]) * widths[joint] * 0.8
        canvas.line(joints[joint] - side, joints[joint] + side, widths[joint] * 0.15)


def _sideways(along: Points) -> Points:
    return np.array([-along[1], along[0]]) / (np.linalg.norm(along) + 1e-6)

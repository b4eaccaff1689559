"""The turned square of an image in which a hand lies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.features.hand_features import INDEX_KNUCKLE, MIDDLE_KNUCKLE, RING_KNUCKLE, WRIST
from cla.opencv import opencv

# The points that move little when fingers bend.
_STEADY_POINTS = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
_PALM_SCALE, _PALM_SHIFT = 2.6, -0.5
_HAND_SCALE, _HAND_SHIFT = 2.0, -0.1
_NEAR_TURN, _NEAR_OVERLAP = 0.1, 0.9  # radians, share


@dataclass(frozen=True, slots=True)
class HandRegion:
    """A square around a hand, turned so that the fingers point up in it.

    Args:
        x, y: its center, in pixels.
        size: of its side, in pixels.
        angle: radians by which it is turned clockwise against the image.
    """

    x: float
    y: float
    size: float
    angle: float

    def crop(
        self, image: NDArray[np.uint8], pixels: int, *, extend: bool = False
    ) -> NDArray[np.float32]:
        """Returns the square as a picture of `pixels` a side, in [0, 1].

        Outside the image it is black, or with `extend` repeats the pixels of the border.
        """
        cv2 = opencv()
        picture = cv2.warpAffine(
            image,
            self._matrix(pixels),
            (pixels, pixels),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE if extend else cv2.BORDER_CONSTANT,
        )
        return np.asarray(picture, np.float32) / np.float32(255)

    def to_image(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turns points given from 0 to 1 over the square into pixels of the image.

        Shapes:
            points: (P, 2).
        """
        matrix = self._matrix(1)
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def overlap(self, other: "HandRegion") -> float:
        """Share of the smaller square, both taken as if not turned, that is common to both."""
        first, second = self._bounds(), other._bounds()
        sides = np.minimum(first[1], second[1]) - np.maximum(first[0], second[0])
        common = float(np.prod(np.maximum(sides, 0.0)))
        return common / min(self.size, other.size) ** 2

    def is_near(self, other: "HandRegion") -> bool:
        """Whether both are about the same square, as those of a hand that is seen rightly are."""
        turned = abs(np.angle(np.exp(1j * (self.angle - other.angle))))
        return bool(turned < _NEAR_TURN and self.overlap(other) > _NEAR_OVERLAP)

    def _bounds(self) -> NDArray[np.float64]:
        center = np.array([self.x, self.y])
        return np.stack((center - self.size / 2, center + self.size / 2))

    def _matrix(self, pixels: int) -> NDArray[np.float64]:
        """Maps pixels of the square, given so many of them a side, to pixels of the image."""
        step = self.size / pixels
        cos, sin = step * np.cos(self.angle), step * np.sin(self.angle)
        half = pixels / 2
        return np.array(
            [
                [cos, -sin, self.x - half * (cos - sin)],
                [sin, cos, self.y - half * (sin + cos)],
            ]
        )


def region_of_palm(
    box: NDArray[np.float32], wrist: NDArray[np.float32], knuckle: NDArray[np.float32]
) -> HandRegion:
    """The region of the hand that a palm belongs to.

    Shapes:
        box: (4,), center x, center y, width and height in pixels.
        wrist, knuckle: (2,), the wrist and the middle finger's knuckle in pixels.

    Source: MediaPipe's palm_detection_detection_to_roi graph.
    """
    angle = _angle(wrist, knuckle)
    return _grown(box[:2], box[2:], angle, _PALM_SCALE, _PALM_SHIFT)


def region_of_points(points: NDArray[np.float32]) -> HandRegion:
    """The region in which a hand is to be looked for in the frame after the one of these points.

    Shapes:
        points: (21, 2), in pixels.

    Source: MediaPipe's hand_landmark_landmarks_to_roi graph.
    """
    sides = (points[INDEX_KNUCKLE] + points[RING_KNUCKLE]) / 2
    angle = _angle(points[WRIST], (sides + points[MIDDLE_KNUCKLE]) / 2)
    steady = points[_STEADY_POINTS]
    cos, sin = np.cos(angle), np.sin(angle)
    upright = steady @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(0), upright.max(0)
    center = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return _grown(center, high - low, angle, _HAND_SCALE, _HAND_SHIFT)


def _angle(wrist: NDArray[np.float32], knuckle: NDArray[np.float32]) -> float:
    """Radians clockwise from straight up to the direction of wrist to knuckle."""
    across, down = knuckle - wrist
    return float(np.arctan2(across, -down))


def _grown(
    center: NDArray[np.floating],
    sides: NDArray[np.floating],
    angle: float,
    scale: float,
    shift: float,
) -> HandRegion:
    """A square around an upright rectangle, moved along the fingers by a part of its height."""
    width, height = sides
    return HandRegion(
        x=float(center[0] - height * shift * np.sin(angle)),
        y=float(center[1] + height * shift * np.cos(angle)),
        size=float(max(width, height) * scale),
        angle=angle,
    )

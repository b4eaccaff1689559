"""Finds the 21 points of a hand in its region."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features.hand_features import NUM_POINTS
from cla.features.hand_region import HandRegion
from cla.features.lite_network import LiteNetwork, lit


class Landmarks(NamedTuple):
    """What the network says of a region.

    Shapes:
        points: (21, 2), in pixels of the image.
    """

    points: NDArray[np.float32]
    right: float
    """How sure it is a right hand, 0 to 1."""
    presence: float


class HandLandmarker:
    """A regressor of hand points.

    Source: MediaPipe's hand_landmark_lite (Apache-2.0); see assets/NOTICE.md.
    """

    def __init__(self) -> None:
        self._network = LiteNetwork("features/hand_landmark_lite.tflite")

    def locate(self, image: NDArray[np.uint8], region: HandRegion) -> Landmarks:
        """Returns the hand of a region; where there is none, its presence is near zero.

        Shapes:
            image: (height, width, 3), RGB, not mirrored.
        """
        size = self._network.input_size
        points, presence, handedness, _ = self._network(lit(region.crop(image, size, extend=True)))
        flat = points.reshape(NUM_POINTS, 3)[:, :2] / np.float32(size)
        return Landmarks(
            points=region.to_image(flat),
            # The network says how sure it is a left hand, and takes images to be mirrored.
            right=float(handedness[0]),
            presence=float(presence[0]),
        )

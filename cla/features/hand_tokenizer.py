"""Camera frames in, tokens of hands out: the whole front end of one video stream."""

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features.hand import Hand
from cla.features.hand_features import HAND_FEATURE_DIM
from cla.features.hand_stream import HAND_HOP_S, HandStream
from cla.features.hand_tracker import HandTracker
from cla.types import Token


class HandTokenizer:
    """Turns one stream of images into tokens of its hands, one each 67 ms of media time.

    Frames without a hand are tokens too. One stream's own: it is not for many threads.

    Raises:
        ClaError: the networks or OpenCV cannot be loaded.
    """

    hop_s = HAND_HOP_S
    feature_dim = HAND_FEATURE_DIM

    def __init__(self) -> None:
        self._tracker = HandTracker()
        self._stream = HandStream()
        self.hands: tuple[Hand, ...] = ()

    def reset(self) -> None:
        """Begins a new stream."""
        self._tracker.reset()
        self._stream.reset()
        self.hands = ()

    def push(self, image: NDArray[np.uint8], time_s: float) -> list[Token]:
        """Takes the next frame and returns the tokens it completes, oldest first.

        `hands` then holds what the frame showed.

        Shapes:
            image: (height, width, 3), RGB, as the camera saw it: not mirrored.

        Raises:
            ClaError: this is no such image, or the time is not a number.
        """
        check_image(image)
        self.hands = self._tracker.track(image)
        height, width = image.shape[:2]
        return self._stream.push(self.hands, width / height, time_s)


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise `ClaError` unless this is an RGB image."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ClaError(
            f"A frame must be an RGB image, not {image.dtype} of shape {image.shape}.",
            "Choose another camera or video.",
        )

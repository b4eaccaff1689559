"""Camera frames in, tokens of hands out: the whole front end of one video stream."""

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.features.hand_features import HAND_FEATURE_DIM, Hand
from cla.features.hand_stream import HAND_HOP_S, HandStream, SeenHands
from cla.features.hand_tracker import HandTracker
from cla.stages import Chain
from cla.types import Token, VideoFrame


class HandFinder:
    """Images in, their hands out; `hands` are those of the newest one.

    Raises:
        ClaError: the networks or OpenCV cannot be loaded.
    """

    def __init__(self) -> None:
        self._tracker = HandTracker()
        self.hands: tuple[Hand, ...] = ()

    def push(self, frame: VideoFrame) -> list[SeenHands]:
        """The hands of a frame: (height, width, 3), RGB, as the camera saw it, not mirrored.

        Raises:
            ClaError: this is no such image.
        """
        check_image(frame.image)
        self.hands = self._tracker.track(frame.image)
        height, width = frame.image.shape[:2]
        return [SeenHands(self.hands, width / height, frame.time_s)]

    def flush(self) -> list[SeenHands]:
        """Returns nothing: every frame has been given."""
        return []

    def reset(self) -> None:
        """Begins a new stream."""
        self._tracker.reset()
        self.hands = ()


class HandTokenizer(Chain[VideoFrame, Token]):
    """Turns one stream of images into tokens of its hands, one each 67 ms of media time.

    Frames without a hand are tokens too. One stream's own: it is not for many threads.

    Raises:
        ClaError: the networks or OpenCV cannot be loaded.
    """

    hop_s = HAND_HOP_S
    feature_dim = HAND_FEATURE_DIM

    def __init__(self) -> None:
        self._finder = HandFinder()
        super().__init__(self._finder, HandStream())

    @property
    def hands(self) -> tuple[Hand, ...]:
        """What the newest frame showed."""
        return self._finder.hands


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise `ClaError` unless this is an RGB image."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ClaError("frame_not_rgb", dtype=image.dtype, shape=image.shape)

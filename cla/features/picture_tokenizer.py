"""Camera frames in, tokens of what they show out: 1,280 numbers of EfficientNet-Lite0."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from cla.features.hand_features import Hand
from cla.features.hand_tokenizer import check_image
from cla.features.token_clock import TokenClock
from cla.onnx_network import onnx_network
from cla.opencv import opencv
from cla.resources import verified_asset
from cla.types import Token, VideoFrame

PICTURE_DIM = 1_280
_SIDE = 224
PICTURE_HOP_S = 1 / 15


class ImageEmbedding:
    """The shipped network. Holds no state of a stream and may be used by many threads at once.

    Source: EfficientNet-Lite0 (Apache-2.0), trained on ImageNet, without its classifier; see
    assets/NOTICE.md.
    """

    def __init__(self) -> None:
        self._network = onnx_network(verified_asset("features/image_embedding.onnx"))

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns the embedding of the picture's middle square.

        Shapes:
            image: (height, width, 3), RGB.
            returns: (1280,) float32.
        """
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = image[top : top + side, left : left + side]
        cv2 = opencv()
        small = cv2.resize(square, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        (embedding,) = self._network.run(None, {"image": small[np.newaxis]})
        return np.asarray(embedding[0], np.float32)


@cache
def shared_image_embedding() -> ImageEmbedding:
    """Returns the one instance all streams of this process share."""
    return ImageEmbedding()


class PictureTokenizer:
    """Turns one stream of images into tokens of whole pictures, one each 67 ms of media time.

    A token lies between the embeddings of the frames around it, so that the rate of the frames,
    and how even it is, does not matter.
    """

    hands: tuple[Hand, ...] = ()
    """None are looked for."""

    def __init__(self) -> None:
        self._embed = shared_image_embedding()
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._clock = TokenClock(PICTURE_HOP_S)
        self._count = 0
        self._before: NDArray[np.float32] | None = None

    def push(self, frame: VideoFrame) -> list[Token]:
        """Takes the next frame, RGB, and returns the tokens it completes, oldest first.

        Raises:
            ClaError: this is no such image, or the time is not a number.
        """
        check_image(frame.image)
        due = self._clock.take(frame.time_s)
        if due is None:
            return []
        now = self._embed(frame.image)
        before = now if self._before is None else self._before
        tokens = []
        for due_s, share in due:
            features = before + np.float32(share) * (now - before)
            tokens.append(Token(self._count, due_s, torch.from_numpy(features)))
            self._count += 1
        self._before = now
        return tokens

    def flush(self) -> list[Token]:
        """Returns no tokens: none is made up for the time after the last frame."""
        return []

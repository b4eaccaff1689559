"""EfficientNet-Lite0: 1,280 numbers for what a picture shows."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cla.onnx_network import onnx_network
from cla.opencv import opencv
from cla.resources import verified_asset

PICTURE_DIM = 1_280
_SIDE = 224


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

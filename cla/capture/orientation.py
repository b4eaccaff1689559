"""Pictures turned and mirrored as their file asks for: hands are left or right by it."""

import struct

import numpy as np
from numpy.typing import NDArray

_MATRIX = struct.Struct("=9i")


def upright(image: NDArray[np.uint8], matrix: bytes) -> NDArray[np.uint8]:
    """The picture as it is meant to be seen, in the one of eight ways that is nearest.

    Shapes:
        image: (height, width, 3).

    Args:
        matrix: FFmpeg's display matrix, rows (a, b, u), (c, d, v), (x, y, w), which takes a point
            (p, q) of the picture to (a p + c q + x, b p + d q + y).
    """
    if len(matrix) != _MATRIX.size:
        return image
    a, b, _, c, d, *_ = _MATRIX.unpack(matrix)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        image, across, down = image.swapaxes(0, 1), c, b
    turned = image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
    return np.ascontiguousarray(turned)

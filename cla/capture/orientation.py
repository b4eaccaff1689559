"""Pictures as they are meant to be seen: hands are left or right by it."""

import struct
from typing import Any, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from cla.capture.pictures import fitting_size

_MATRIX = struct.Struct("=9i")
_AS_IT_IS = (1, 0, 0, 0, 1, 0, 0, 0, 1)
_MOST_ASPECT = 4.0
"""Pixels that are said to be longer than this are taken for square."""


class Upright:
    """Turns and mirrors the pictures of one stream, gives them square pixels and a moderate size.

    Args:
        first: a picture of the stream, which says how all of them are turned. To ask each one would
            keep it in memory: PyAV ties a picture to what belongs to it.
        pixel_aspect: width of a pixel over its height.
    """

    def __init__(self, first: av.VideoFrame, pixel_aspect: float) -> None:
        usual = 1 / _MOST_ASPECT <= pixel_aspect <= _MOST_ASPECT
        self._pixel_aspect = pixel_aspect if usual else 1.0
        # PyAV's types say nothing of these keys.
        matrix = cast(Any, first.side_data).get(Type.DISPLAYMATRIX)
        self._matrix = _AS_IT_IS if matrix is None else _MATRIX.unpack(bytes(matrix))
        # One for all: each has threads of its own.
        self._scaler = VideoReformatter()

    def image(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """A picture as it is meant to be seen, (height, width, 3), RGB."""
        wide = max(round(frame.width * self._pixel_aspect), 1)
        width, height = fitting_size(wide, frame.height)
        scaled = self._scaler.reformat(frame, width, height, "rgb24", threads=1)
        return turned(np.asarray(scaled.to_ndarray(), np.uint8), self._matrix)


def turned(image: NDArray[np.uint8], matrix: tuple[int, ...]) -> NDArray[np.uint8]:
    """A picture in the one of eight ways that is nearest to a display matrix.

    Args:
        matrix: rows (a, b, u), (c, d, v), (x, y, w), which takes a point (p, q) of the picture to
            (a p + c q + x, b p + d q + y).
    """
    a, b, _, c, d, *_ = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        image, across, down = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])

"""Pictures of a video as they are meant to be seen, of moderate size."""

from typing import Any, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from cla.capture.orientation import AS_IT_IS, TURNS, Matrix, display_matrix, exif_matrix, turned
from cla.capture.pictures import fitting_size

_MOST_ASPECT = 4.0
"""Pixels that are said to be longer than this are taken for square."""


class Upright:
    """Turns and mirrors the pictures of one stream, gives them square pixels and a moderate size.

    Args:
        first: a picture of the stream, which says how all of them are turned. To ask each one would
            keep it in memory: PyAV ties a picture to what belongs to it.
        pixel_aspect: width of a pixel over its height.
        head: the first bytes of the file.
    """

    def __init__(self, first: av.VideoFrame, pixel_aspect: float, head: bytes) -> None:
        usual = 1 / _MOST_ASPECT <= pixel_aspect <= _MOST_ASPECT
        self._pixel_aspect = pixel_aspect if usual else 1.0
        self._matrix = _matrix(first, head)
        # One for all: each has threads of its own.
        self._scaler = VideoReformatter()

    def image(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """A picture turned upright, (height, width, 3), RGB."""
        wide = max(round(frame.width * self._pixel_aspect), 1)
        width, height = fitting_size(wide, frame.height)
        scaled = self._scaler.reformat(frame, width, height, "rgb24", threads=1)
        return turned(np.asarray(scaled.to_ndarray(), np.uint8), self._matrix)


def _matrix(frame: av.VideoFrame, head: bytes) -> Matrix:
    try:
        # PyAV's types say nothing of these keys.
        content = cast(Any, frame.side_data).get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV does not know all kinds of side data; EXIF is one of these
        return exif_matrix(head) or TURNS[round(frame.rotation / 90) % 4]
    return AS_IT_IS if content is None else display_matrix(bytes(content))

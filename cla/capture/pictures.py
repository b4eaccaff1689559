"""Single pictures: JPEG from and to a browser, and the size at which pictures are worked on."""

import struct

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from cla.capture.orientation import exif_matrix, turned
from cla.errors import ClaError
from cla.opencv import opencv

MIN_SIDE = 32
MAX_SIDE = 640
"""Longest side of a picture that leaves a source: more shows a hand no better."""
MAX_JPEG_PIXELS = 1_920 * 1_080
MAX_JPEG_SCANS = 16
"""A browser sends one; each further one of a progressive picture costs its decoder a pass."""
PREVIEW_SIDE = 320
PREVIEW_QUALITY = 70

_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
# Start-of-frame markers; C4, C8 and CC are other segments among them.
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def fitting_size(width: int, height: int, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """Width and height, made smaller in proportion where the longest side is longer."""
    scale = min(1.0, max_side / max(width, height))
    return max(round(width * scale), 1), max(round(height * scale), 1)


def fitted(image: NDArray[np.uint8], max_side: int = MAX_SIDE) -> NDArray[np.uint8]:
    """The picture itself, or a smaller one where its longest side is longer.

    Shapes:
        image: (height, width, 3) uint8.
    """
    height, width = image.shape[:2]
    if max(height, width) <= max_side:
        return image
    cv2 = opencv()
    size = fitting_size(width, height, max_side)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height as the header says them; nothing is decoded.

    Raises:
        ClaError: no JPEG, or one that is cut off.
    """
    if jpeg.startswith(_START) and jpeg.rstrip(b"\0").endswith(_END):
        at = 2
        while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
            marker = jpeg[at + 1]
            if marker in _FRAME_MARKERS:
                height, width = struct.unpack_from(">HH", jpeg, at + 5)
                return width, height
            if marker == 0xFF:  # padding
                at += 1
            else:
                at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    raise ClaError("jpeg_cut_off")


def decode_jpeg(jpeg: bytes) -> NDArray[np.uint8]:
    """A JPEG's picture, upright, after its header was found to be within the limits.

    Shapes:
        returns: (height, width, 3) uint8, RGB.

    Raises:
        ClaError: no JPEG, damaged, too large or too small.
    """
    width, height = jpeg_size(jpeg)
    if min(width, height) < MIN_SIDE or width * height > MAX_JPEG_PIXELS:
        raise ClaError("jpeg_size_out_of_range", width=width, height=height)
    if jpeg.count(_SCAN) > MAX_JPEG_SCANS:
        raise ClaError("jpeg_scans_too_many")
    # OpenCV would print what is wrong with a damaged picture, and show what is left of it.
    try:
        picture = fitted(simplejpeg.decode_jpeg(jpeg, "RGB"))
    except ValueError as error:
        raise ClaError("jpeg_damaged") from error
    matrix = exif_matrix(jpeg)
    return picture if matrix is None else turned(picture, matrix)


def encode_jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """The picture as a JPEG, of a quality from 0 to 100.

    Shapes:
        image: (height, width, 3) uint8, RGB.
    """
    cv2 = opencv()
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(jpeg)


def preview_jpeg(image: NDArray[np.uint8]) -> bytes:
    """A small JPEG of the picture, to be looked at.

    Shapes:
        image: (height, width, 3) uint8, RGB.
    """
    return encode_jpeg(fitted(image, PREVIEW_SIDE), PREVIEW_QUALITY)

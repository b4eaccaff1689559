"""How a picture is to be turned and mirrored: hands are left or right by it."""

import struct
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Matrix = tuple[int, int, int, int]
"""(a, b, c, d): a point (p, q) of the picture comes to (a p + c q, b p + d q), moved into view."""

AS_IT_IS: Matrix = (1, 0, 0, 1)
TURNS: MappingProxyType[int, Matrix] = MappingProxyType(
    {0: AS_IT_IS, 1: (0, -1, 1, 0), 2: (-1, 0, 0, -1), 3: (0, 1, -1, 0)}
)
"""Quarters of a turn, counterclockwise."""
_EXIF: MappingProxyType[int, Matrix] = MappingProxyType(
    {
        1: AS_IT_IS,
        2: (-1, 0, 0, 1),
        3: TURNS[2],
        4: (1, 0, 0, -1),
        5: (0, 1, 1, 0),
        6: TURNS[3],
        7: (0, -1, -1, 0),
        8: TURNS[1],
    }
)
_DISPLAY = struct.Struct("=9i")
_EXIF_MARKS = (b"Exif\0\0", b"eXIf")
"""Of JPEG and PNG; what follows is the head of a TIFF file."""
_EXIF_REACH = 2**16
_ORIENTATION = 0x0112
_MOST_ENTRIES = 64


def turned(image: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    """A picture in the one of eight ways that is nearest to a matrix.

    Shapes:
        image: (height, width, 3).
    """
    a, b, c, d = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        image, across, down = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def display_matrix(content: bytes) -> Matrix:
    """FFmpeg's display matrix: rows (a, b, u), (c, d, v), (x, y, w) of fixed-point numbers."""
    a, b, _, c, d, *_ = _DISPLAY.unpack(content)
    return a, b, c, d


def exif_matrix(content: bytes) -> Matrix | None:
    """How a JPEG or PNG is to be turned by its EXIF data; None where these say nothing."""
    head = content[:_EXIF_REACH]
    found = [at + len(mark) for mark in _EXIF_MARKS if (at := head.find(mark)) >= 0]
    tiff = head[min(found) :] if found else b""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return None
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    for entry in range(at + 2, min(at + 2 + 12 * _MOST_ENTRIES, len(tiff) - 9), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return _EXIF.get(value)
    return None

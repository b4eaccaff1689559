"""Reads packets of a page's microphone and camera, which are checked."""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.types import EncodedFrame

_TIME = struct.Struct("<d")


def samples_of(data: bytes) -> NDArray[np.int16]:
    """Little-endian int16 samples.

    Raises:
        ClaError: there is half a sample.
    """
    if len(data) % 2:
        raise ClaError("packet_not_whole")
    return np.frombuffer(data, "<i2")


def features_of(data: bytes, size: int) -> NDArray[np.float32]:
    """Tokens (T, F) of little-endian float32.

    Args:
        size: numbers of each, F.

    Raises:
        ClaError: they are not whole tokens, or not finite.
    """
    if not data or len(data) % (4 * size):
        raise ClaError("features_not_whole", size=len(data), token=4 * size)
    rows = np.frombuffer(data, "<f4").reshape(-1, size)
    if not np.isfinite(rows).all():
        raise ClaError("packet_not_finite")
    return rows


def frame_of(data: bytes, latest_s: float) -> EncodedFrame:
    """A picture: its time as a little-endian float64, then its JPEG, which is not looked into.

    Args:
        latest_s: it cannot have been taken later, whatever its time says.

    Raises:
        ClaError: it comes without a time.
    """
    taken_s = _TIME.unpack_from(data)[0] if len(data) > _TIME.size else math.nan
    if not math.isfinite(taken_s):
        raise ClaError("picture_without_time")
    return EncodedFrame(data[_TIME.size :], min(taken_s, latest_s))

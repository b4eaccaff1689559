"""The head of a WAV file as recordings of format 1 have it, whose sound may be cut off anywhere."""

import struct

import numpy as np

from cla.engine.recording.layout import OLD_SOUND
from cla.errors import ClaError

_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEAD_BYTES = _HEAD.size
_INTEGER, _FLOAT = 1, 3
_FORMATS: dict[tuple[int, int], np.dtype[np.generic]] = {
    (_INTEGER, 16): np.dtype("<i2"),
    (_FLOAT, 32): np.dtype("<f4"),
}


def read_wave_head(head: bytes) -> tuple[int, np.dtype[np.generic]]:
    """Sample rate and type of the samples that follow; lengths are not believed.

    Raises:
        ClaError: no head of such a file.
    """
    if len(head) == HEAD_BYTES:
        riff, _, wave, fmt, length, kind, channels, rate, _, _, bits, data, _ = _HEAD.unpack(head)
        dtype = _FORMATS.get((kind, bits))
        names = (riff, wave, fmt, data) == (b"RIFF", b"WAVE", b"fmt ", b"data")
        if names and (length, channels) == (16, 1) and dtype is not None:
            return rate, dtype
    raise ClaError(f"{OLD_SOUND} is not as this program writes it.", "Record the session again.")

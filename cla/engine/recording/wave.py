"""The head of a WAV file that is written as the sound comes, and may be cut off anywhere.

WAV and not FLAC: it takes the int16 of a browser and the float32 of a decoder alike, bit for bit,
nothing waits in an encoder when the process is killed, and what is cut off still opens.
"""

import struct

import numpy as np

from cla.errors import ClaError

_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEAD_BYTES = _HEAD.size
_INTEGER, _FLOAT = 1, 3
_FORMATS: dict[tuple[int, int], np.dtype[np.generic]] = {
    (_INTEGER, 16): np.dtype("<i2"),
    (_FLOAT, 32): np.dtype("<f4"),
}
_OPEN_END = 2**32 - 1
"""The length of a sound whose end has not been written; players read on to the end of the file."""


def wave_head(sample_rate_hz: int, dtype: np.dtype[np.generic], data_bytes: int | None) -> bytes:
    """The head of one channel of int16 or float32 samples; `data_bytes` is None while it grows."""
    kind = _FLOAT if dtype.kind == "f" else _INTEGER
    size = dtype.itemsize
    known = data_bytes is not None and data_bytes < _OPEN_END - HEAD_BYTES
    data = data_bytes if known and data_bytes is not None else _OPEN_END
    riff = data + HEAD_BYTES - 8 if known else _OPEN_END
    return _HEAD.pack(
        b"RIFF", riff, b"WAVE", b"fmt ", 16, kind, 1, sample_rate_hz, sample_rate_hz * size,
        size, 8 * size, b"data", data,
    )  # fmt: skip


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
    raise ClaError("sound.wav is not as this program writes it.", "Record the session again.")

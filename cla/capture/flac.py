"""Sound as FLAC, encoded block by block as it comes: what is cut off anywhere still opens."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from cla.errors import ClaError

FULL_SCALE = 2**23
"""What a float of 1 is in 24 bits."""
_UNUSED_BITS = 8
"""FFmpeg takes 24 bits as the upper ones of 32."""
_MARK = b"fLaC"
_STREAM_INFO = b"\x80" + (34).to_bytes(3, "big")  # the only block of metadata, of 34 bytes
_COUNTS = slice(18, 26)  # rate (20 bits), channels - 1 (3), bits - 1 (5), samples (36)
HEAD_BYTES = 42

Whole = NDArray[np.int16] | NDArray[np.int32]
"""Samples of 16 bits, or of 24 bits in 32."""


class FlacHead(NamedTuple):
    """What a file says of itself; `samples` is how many were counted at the last writing."""

    sample_rate_hz: int
    bits: int
    samples: int
    largest_block_bytes: int


def rounded(samples: NDArray[np.floating]) -> NDArray[np.int32]:
    """Finite samples in [-1, 1] rounded to 24 bits; what is beyond is clipped, as features do."""
    whole = np.rint(samples * np.float32(FULL_SCALE))
    clipped: NDArray[np.int32] = np.clip(whole, -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)
    return clipped


def as_played(whole: NDArray[np.int32]) -> NDArray[np.float32]:
    """Samples of 24 bits as float32 in [-1, 1], exactly."""
    return whole.astype(np.float32) / np.float32(FULL_SCALE)


class FlacWriter:
    """Encodes one channel of one kind of samples.

    An encoder gives whole blocks, of a tenth of a second, and keeps the samples of the next one.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._codec: AudioCodecContext | None = None
        self._info = b""
        self._waiting: list[Whole] = []
        self._encoded = 0

    def encode(self, inputs: Sequence[Whole]) -> bytes:
        """The bytes that these samples add to the file.

        Raises:
            ClaError: FLAC has no such sample rate.
        """
        head = b"" if self._codec or not inputs else self._open(inputs[0].dtype)
        codec = self._codec
        if codec is None:
            return head
        samples: Any = np.concatenate((*self._waiting, *inputs)) if inputs else self._left()
        whole = len(samples) - len(samples) % codec.frame_size
        self._waiting = [samples[whole:]]
        blocks = samples[:whole].reshape(-1, codec.frame_size)
        return head + b"".join(self._block(block) for block in blocks)

    def end(self) -> bytes:
        """The bytes that end the file."""
        if self._codec is None:
            return b""
        left = self._left()
        self._waiting = []
        last = self._block(left) if left.size else b""
        return last + b"".join(map(bytes, self._codec.encode(None)))

    def correction(self) -> tuple[int, bytes]:
        """Where to write over the file, and what: how many samples it now holds."""
        if not self._info:
            return 0, b""
        counts = int.from_bytes(self._info[_COUNTS], "big") | min(self._encoded, 2**36 - 1)
        return _COUNTS.start, counts.to_bytes(8, "big")

    def _open(self, dtype: np.dtype[np.generic]) -> bytes:
        codec = av.CodecContext.create("flac", "w")
        codec.sample_rate = self._rate_hz
        codec.format = "s16" if dtype == np.int16 else "s32"
        codec.layout = "mono"
        codec.time_base = Fraction(1, self._rate_hz)
        try:
            codec.open()
        except av.FFmpegError as error:
            raise ClaError("sound_rate_not_recordable", rate_hz=self._rate_hz) from error
        self._codec = codec
        self._info = _MARK + _STREAM_INFO + (codec.extradata or b"")
        return self._info

    def _left(self) -> Whole:
        return self._waiting[0] if self._waiting else np.zeros(0, np.int16)

    def _block(self, samples: Whole) -> bytes:
        assert self._codec is not None
        if samples.dtype == np.int16:
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        else:
            upper = samples[np.newaxis] << _UNUSED_BITS
            frame = av.AudioFrame.from_ndarray(upper, format="s32", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.pts = self._encoded
        self._encoded += len(samples)
        return b"".join(map(bytes, self._codec.encode(frame)))


def read_flac_head(head: bytes) -> FlacHead:
    """Reads the header of a FLAC file; its number of samples may be wrong.

    Raises:
        ClaError: it is no header as `FlacWriter` makes it.
    """
    if len(head) == HEAD_BYTES and head.startswith(_MARK + _STREAM_INFO):
        counts = int.from_bytes(head[_COUNTS], "big")
        rate_hz, channels, bits = counts >> 44, (counts >> 41 & 7) + 1, (counts >> 36 & 31) + 1
        block = int.from_bytes(head[10:12], "big") * (bits // 8 + 1) + 64
        if rate_hz and channels == 1 and bits in (16, 24):
            return FlacHead(rate_hz, bits, counts & (2**36 - 1), block)
    raise ClaError("recorded_sound_foreign")

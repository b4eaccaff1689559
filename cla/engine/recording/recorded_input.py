"""Sound and pictures of a recording, read in pieces from files that may be damaged or hostile."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.capture import AudioLimits, open_audio, open_isolated_audio
from cla.capture.flac import HEAD_BYTES, FlacHead, read_flac_head
from cla.engine.recording.layout import RecordingLimits
from cla.engine.sound_stream import INT16_SCALE
from cla.errors import ClaError

Samples = NDArray[np.int16] | NDArray[np.float32]


class FlacSound:
    """The sound of a recording: a FLAC file with one channel.

    Args:
        isolated: whether to decode it in a child process, as a file from somebody else.

    Attributes:
        dtype: type of the recorded samples, int16 or float32.
        count: number of samples by the file's header, which may be wrong.

    Raises:
        ClaError: it is no FLAC file as the recorder writes it.
    """

    def __init__(self, path: Path, limits: RecordingLimits, *, isolated: bool) -> None:
        self._path, self._isolated = path, isolated
        self._limits = AudioLimits(
            max_duration_s=1.1 * limits.max_s + 1,
            max_bytes=round(1.1 * limits.max_bytes),
            min_sample_rate_hz=1,
            max_sample_rate_hz=2**20,
            max_channels=1,
        )
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        whole = len(head) == HEAD_BYTES
        self._head = read_flac_head(head) if whole else FlacHead(0, 16, 0, 0)
        self.dtype: np.dtype[Any] = np.dtype("<i2" if self._head.bits == 16 else "<f4")
        self.sample_rate_hz, self.count = self._head.sample_rate_hz, self._head.samples

    def pieces(self) -> Generator[Samples, None, None]:
        """The recorded samples in their own type, up to the end of the file or where it is cut off.

        Raises:
            ClaError: they cannot be decoded.
        """
        if self._path.stat().st_size <= HEAD_BYTES:
            return
        opened = open_isolated_audio if self._isolated else open_audio
        found = False
        try:
            with opened(self._path, limits=self._limits) as file:
                for chunk in file:
                    found = True
                    yield self._as_given(chunk.samples)
        except ClaError:
            # Less than one block is no fault: the recording was cut off there.
            if found or self._path.stat().st_size > HEAD_BYTES + self._head.largest_block_bytes:
                raise

    def _as_given(self, samples: NDArray[np.float32]) -> Samples:
        """Decoded floats, which hold 24 bits exactly, in the type that was recorded."""
        if self.dtype.kind == "f":
            return samples
        return (samples * np.float32(INT16_SCALE)).astype(np.int16)


class Pieces:
    """Reads any number of elements at a time from an iterator of arrays."""

    def __init__(self, pieces: Iterator[NDArray[Any]], dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._pieces = pieces
        self._left: list[NDArray[Any]] = [np.zeros(0, dtype)]
        self._size = 0

    def take(self, count: int) -> NDArray[Any] | None:
        """The next `count` elements; None if fewer are left."""
        while self._size < count:
            piece = next(self._pieces, None)
            if piece is None:
                return None
            self._left = [piece] if not self._size else [*self._left, piece]
            self._size += len(piece)
        joined = self._left[0] if len(self._left) == 1 else np.concatenate(self._left)
        self._left, self._size = [joined[count:]], self._size - count
        return joined[:count]


def mapped(path: Path) -> NDArray[np.uint8]:
    """The bytes of a file, memory-mapped."""
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)

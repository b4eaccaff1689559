"""Sound as a decoder gives it, as one channel of floats at one sample rate."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from cla.capture.downmix import Downmix

WHOLE_BITS = (15, 23, 31)
"""Full scales of whole numbers, which some programs write as floats without dividing by them."""
HOT_BITS = 8
"""Up to here it is sound that was recorded too loud for whole numbers."""
MOST_BITS = 127
"""Of a 32-bit float."""
RARE = 1e-4
"""A smaller share of the samples says nothing: single ones may be damaged."""
_EXPONENTS = np.arange(-1_100, 1_100)


@dataclass
class Findings:
    """What was met in a file that is not as it should be.

    Args:
        no_numbers: samples that are not numbers.
        cancelled: whether channels cancelled each other.
        changed_at_s: where the sample rate or the channels changed first.
    """

    no_numbers: int = 0
    cancelled: bool = False
    changed_at_s: float = 0.0


class MonoConverter:
    """Converts frames of one sample rate and one set of channels.

    Args:
        frame: the first of them.
        sample_rate_hz: of what is returned.
        full_scale: what counts as 1 in floats.
        found: what was unusual in the frames is added to it.
    """

    def __init__(
        self, frame: av.AudioFrame, sample_rate_hz: int, full_scale: float, found: Findings
    ) -> None:
        self._form = _form(frame)
        self._full_scale = np.float32(full_scale)
        self._found = found
        self._downmix = Downmix([channel.name for channel in frame.layout.channels], sample_rate_hz)
        self._resampler = (
            None
            if frame.sample_rate == sample_rate_hz
            else av.AudioResampler("fltp", frame.layout, sample_rate_hz)
        )

    def takes(self, frame: av.AudioFrame) -> bool:
        """Whether a frame is of the same rate and channels."""
        return _form(frame) == self._form

    def convert(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        """Take a frame; returns the samples that are complete, (S,)."""
        if self._resampler is None:
            return self._mix(frame)
        frame.pts = None
        return self._joined(self._resampler.resample(frame))

    def flush(self) -> NDArray[np.float32]:
        """End; returns the samples that are left."""
        left = self._joined(self._resampler.resample(None)) if self._resampler else None
        rest = self._downmix.flush()
        return rest if left is None else np.concatenate((left, rest))

    def _joined(self, frames: list[av.AudioFrame]) -> NDArray[np.float32]:
        return np.concatenate([np.zeros(0, np.float32), *map(self._mix, frames)])

    def _mix(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        samples = frame.to_ndarray()
        if not frame.format.is_planar:
            samples = samples.reshape(frame.samples, -1).T
        mono = self._downmix.mix(self._scaled(samples))
        self._found.cancelled |= self._downmix.cancels
        return mono

    def _scaled(self, samples: NDArray[np.generic]) -> NDArray[np.float32]:
        """Samples of any type, in [-1, 1]."""
        with np.errstate(over="ignore"):  # doubles may be beyond any float
            floats = samples.astype(np.float32, copy=False)
        if samples.dtype.kind == "f":
            numbers = np.isfinite(floats)
            if not numbers.all():
                self._found.no_numbers += int(np.count_nonzero(~numbers))
                floats[~numbers] = 0.0
            return floats if self._full_scale == 1 else floats / self._full_scale
        full_scale = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
        if samples.dtype.kind == "u":
            floats -= full_scale
        return floats / full_scale


def _form(frame: av.AudioFrame) -> tuple[int, str]:
    return frame.sample_rate, frame.layout.name


def full_scale(pieces: Iterable[NDArray[Any]]) -> float:
    """What counts as 1 in these samples: 1 itself, if they are not far beyond it.

    A little beyond full scale is clipped, as every converter does.
    """
    counts = np.zeros(len(_EXPONENTS), np.int64)
    sounding = 0
    for samples in pieces:
        size = np.abs(samples[np.isfinite(samples)])
        sounding += int(np.count_nonzero(size))
        loud = size[size > 2]
        if loud.size:
            parts, exponents = np.frexp(loud)
            bits_of_each = exponents - (parts == 0.5)  # a power of two is just within
            counts += np.bincount(bits_of_each - _EXPONENTS[0], minlength=len(counts))
    beyond = np.cumsum(counts[::-1])[::-1]
    bits = int(_EXPONENTS[np.flatnonzero(beyond <= RARE * sounding)[0]]) - 1
    if bits <= 1:
        return 1.0
    if bits > HOT_BITS:
        bits = next((whole for whole in WHOLE_BITS if whole >= bits), bits)
    return 2.0 ** min(bits, MOST_BITS)

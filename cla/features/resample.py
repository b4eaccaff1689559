"""Streaming sample-rate conversion."""

import math
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from cla.features._torchaudio import Resample

# Bounds the filter bank (one filter per output phase). Every usual rate has fewer phases against
# 16 kHz (11,025 Hz has the most, 640); a rate that has more is taken as the nearest that has not,
# which is off by less than 5 ms an hour.
_MAX_PHASES = 640


class StreamResampler:
    """Converts a stream to another sample rate with torchaudio's windowed-sinc filter.

    The filter is centered, so the output is not delayed; an output sample is given once the last
    input sample it rests on is there. Every split of a stream gives the same samples as
    converting it whole.

    Args:
        source_hz: sample rate of the samples pushed.
        target_hz: sample rate of the samples returned.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        if source_hz < 1 or target_hz < 1:
            raise ValueError(f"sample rates must be positive, not {source_hz} and {target_hz}")
        ratio = Fraction(source_hz, target_hz).limit_denominator(_MAX_PHASES)
        # One period: this many samples in span exactly the time of this many samples out.
        self._period_in, self._period_out = ratio.numerator, ratio.denominator
        self._resample = None if ratio == 1 else Resample(self._period_in, self._period_out)
        self._half_width = self._resample.width if self._resample else 0
        self._start_over()

    def _start_over(self) -> None:
        self._buffer = np.zeros(0, np.float32)
        self._buffer_period = 0  # the period at which the buffer begins
        self._samples_in = 0
        self._samples_out = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Takes input samples and returns the output samples they complete.

        Shapes:
            samples: (S,) with any S.
            returns: (R,) float32.
        """
        if self._resample is None:
            return samples
        self._buffer = np.concatenate((self._buffer, samples))
        self._samples_in += len(samples)
        settled = max(0, self._samples_in - self._half_width)
        return self._convert_until(settled * self._period_out // self._period_in)

    def flush(self) -> NDArray[np.float32]:
        """Ends the stream: returns the samples still owed, as if silence followed.

        The next push begins a new stream.
        """
        if self._resample is None:
            return np.zeros(0, np.float32)
        tail = self._convert_until(math.ceil(self._samples_in * self._period_out / self._period_in))
        self._start_over()
        return tail

    def _convert_until(self, samples_out: int) -> NDArray[np.float32]:
        """Returns the output samples not yet given whose index is below `samples_out`."""
        if self._resample is None or samples_out <= self._samples_out:
            return np.zeros(0, np.float32)
        converted = self._resample(torch.from_numpy(self._buffer)).numpy()
        offset = self._buffer_period * self._period_out
        fresh: NDArray[np.float32] = converted[self._samples_out - offset : samples_out - offset]
        self._samples_out = samples_out
        self._forget_settled()
        return fresh.copy()

    def _forget_settled(self) -> None:
        """Drops whole periods of input on which no output to come rests."""
        next_in = self._samples_out * self._period_in // self._period_out
        keep_period = max(0, next_in - self._half_width) // self._period_in
        dropped = (keep_period - self._buffer_period) * self._period_in
        if dropped > 0:
            self._buffer = self._buffer[dropped:].copy()
            self._buffer_period = keep_period

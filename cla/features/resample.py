"""Sample-rate conversion, of streams and of whole recordings, and packets cut into hops."""

import math
from fractions import Fraction

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cla.torch_audio import torch_audio

_ZERO_CROSSINGS = 6  # of the sinc, on each side: the length of the filter
_ROLLOFF = 0.99  # the cutoff, as a part of the lower Nyquist frequency
_MAX_TABLE_PHASES = 1_024  # every usual rate has fewer against 16 kHz: 11,025 Hz has 640
_BLOCK_SAMPLES = 4_096  # bounds the memory of one long push


def resampled(samples: NDArray[np.floating], source_hz: int, target_hz: int) -> NDArray[np.float32]:
    """A whole recording at another sample rate: what a `StreamResampler` gives, to rounding.

    Shapes:
        samples: (S,).
        returns: (ceil(S * target_hz / source_hz),) float32.
    """
    divisor = math.gcd(source_hz, target_hz)
    if not samples.size or max(source_hz, target_hz) // divisor > _MAX_TABLE_PHASES:
        # torchaudio takes no empty recording, and as many weights as the product of both rates.
        stream = StreamResampler(source_hz, target_hz)
        return np.concatenate(stream.push(samples.astype(np.float32)) + stream.flush())
    converted = torch_audio().functional.resample(
        torch.from_numpy(samples.astype(np.float64)),  # its weights have the type of the samples
        source_hz,
        target_hz,
        lowpass_filter_width=_ZERO_CROSSINGS,
        rolloff=_ROLLOFF,
    )
    return np.asarray(converted, np.float32)


class StreamResampler:
    """Converts a stream to another sample rate, any to any, with a windowed-sinc filter.

    The filter is centered, so the output is not delayed; an output sample is given once the last
    input sample it rests on is there. Every split of a stream gives the same samples as
    converting it whole.

    Source: J. O. Smith, Digital Audio Resampling; Hann window and constants as in torchaudio.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        if source_hz < 1 or target_hz < 1:
            raise ValueError(f"sample rates must be positive, not {source_hz} and {target_hz}")
        # Output sample n lies at n * step_in / step_out input samples, exactly.
        self._step_in, self._step_out = Fraction(source_hz, target_hz).as_integer_ratio()
        self._scale = _ROLLOFF * min(1.0, target_hz / source_hz)
        self._half_width = math.ceil(_ZERO_CROSSINGS / self._scale)
        self._table = (
            self._weights(np.arange(self._step_out))
            if self._step_out <= _MAX_TABLE_PHASES
            else None
        )
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        # Silence before the stream, so that the first output sample has a whole window.
        self._buffer = np.zeros(self._half_width, np.float32)
        self._center = 0  # the input sample in the middle of the window that begins the buffer
        self._settled = -self._half_width  # input samples whose whole window is there
        self._samples_out = 0

    def push(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Takes input samples and returns the output samples they complete.

        Shapes:
            samples: (S,) with any S.
            returns: one of (R,) float32.
        """
        if self._step_in == self._step_out:
            return [samples]
        self._buffer = np.concatenate((self._buffer, samples))
        self._settled += len(samples)
        start = self._samples_out
        stop = max(start, math.ceil(Fraction(self._settled * self._step_out, self._step_in)))
        blocks = [
            self._convert(np.arange(begin, min(begin + _BLOCK_SAMPLES, stop)))
            for begin in range(start, stop, _BLOCK_SAMPLES)
        ]
        self._samples_out = stop
        next_center = stop * self._step_in // self._step_out
        self._buffer = self._buffer[next_center - self._center :].copy()
        self._center = next_center
        return [np.concatenate(blocks) if blocks else np.zeros(0, np.float32)]

    def flush(self) -> list[NDArray[np.float32]]:
        """Ends the stream: returns the samples still owed, as if silence followed.

        The next push begins a new stream.
        """
        if self._step_in == self._step_out:
            return []
        tail = self.push(np.zeros(self._half_width, np.float32))
        self.reset()
        return tail

    def _convert(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        centers, phases = np.divmod(indices * self._step_in, self._step_out)
        weights = self._weights(phases) if self._table is None else self._table[phases]
        windows = sliding_window_view(self._buffer, 2 * self._half_width + 1)
        converted: NDArray[np.float32] = np.einsum(
            "nt,nt->n", windows[centers - self._center], weights
        )
        return converted

    def _weights(self, phases: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the filter for output samples that lie phases / step_out behind an input sample.

        Shapes:
            phases: (n,).
            returns: (n, 2 * half_width + 1) float32, one weight per input sample of the window.
        """
        offsets = np.arange(-self._half_width, self._half_width + 1)
        crossings = (offsets - phases[:, np.newaxis] / self._step_out) * self._scale
        window = np.cos(np.clip(crossings / _ZERO_CROSSINGS, -1.0, 1.0) * np.pi / 2) ** 2
        weights: NDArray[np.float32] = np.sinc(crossings) * window * self._scale
        return weights.astype(np.float32)


class Rechunker:
    """Cuts a stream of samples into hops, sample exact: no sample is lost, doubled or moved."""

    def __init__(self, hop_samples: int) -> None:
        if hop_samples < 1:
            raise ValueError(f"hop_samples must be at least 1, not {hop_samples}")
        self.hop_samples = hop_samples
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._pending: list[NDArray[np.float32]] = []
        self._pending_samples = 0

    def flush(self) -> list[NDArray[np.float32]]:
        """Ends the stream; samples that do not fill a hop are dropped."""
        self.reset()
        return []

    def push(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Takes a packet and returns the hops it completes, oldest first.

        Shapes:
            samples: (S,) with any S, zero included.
            returns: each (hop_samples,).
        """
        # A copy, because the caller may fill the same buffer again before the hop is complete.
        self._pending.append(samples.copy())
        self._pending_samples += len(samples)
        if self._pending_samples < self.hop_samples:
            return []
        joined = np.concatenate(self._pending)
        whole = len(joined) - len(joined) % self.hop_samples
        self._pending = [joined[whole:].copy()]
        self._pending_samples = len(joined) - whole
        return list(joined[:whole].reshape(-1, self.hop_samples))

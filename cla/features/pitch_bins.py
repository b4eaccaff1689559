"""Samples of any rate in, tokens of what pitches sound out, one each 100 ms."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.features.spectrogram import magnitudes
from cla.features.speech_embedding import SAMPLE_RATE_HZ
from cla.features.tokenizer import SoundTokenizer, checked
from cla.types import Token

PITCH_HOP_SAMPLES = 1_600
PITCH_HOP_S = PITCH_HOP_SAMPLES / SAMPLE_RATE_HZ
BINS_PER_SEMITONE = 2
LOWEST_HZ = 65.406
"""C2; the bins reach five octaves up, to C7."""
PITCH_DIM = 5 * 12 * BINS_PER_SEMITONE
FRAME_SAMPLES = 4_096
"""What a token rests on: 256 ms, in which semitones above about 130 Hz can be told apart."""

_FFT_SAMPLES = 16_384  # the frame padded with zeros, so that narrow bins find their place
_FLOOR = 3e-5
"""Of a magnitude, where a sine of full scale has about 1: hiss below -60 dB hardly counts."""


class PitchFeatures:
    """Hops of 100 ms in, tokens out, of a stream with silence before it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins a new stream at media time 0."""
        self._context = torch.zeros(FRAME_SAMPLES - PITCH_HOP_SAMPLES)
        self._count = 0

    def push(self, hop: NDArray[np.float32]) -> list[Token]:
        """The token of a hop, (1600,) at 16 kHz."""
        frame = torch.cat((self._context, torch.from_numpy(hop)))
        self._context = frame[PITCH_HOP_SAMPLES:]
        self._count += 1
        return [Token(self._count - 1, self._count * PITCH_HOP_S, pitch_bins(frame)[0])]

    def flush(self) -> list[Token]:
        """Nothing is owed: every hop is a token."""
        return []


class PitchTokenizer(SoundTokenizer):
    """Turns one stream of mono samples at any rate into tokens of pitch, one each 100 ms."""

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__(sample_rate_hz, PITCH_HOP_SAMPLES, PitchFeatures())


def embed_pitches(samples: NDArray[np.float32], beyond: int = 0) -> Tensor:
    """Returns the tokens of a clip, the numbers that a `PitchTokenizer` gives, to rounding.

    Args:
        beyond: semitones below and above the bins of a token, for those who transpose tokens.

    Shapes:
        samples: (S,) float32 in [-1, 1] at 16 kHz.
        returns: (T, 120 + 4 * beyond) with T = S // 1600.

    Raises:
        ClaError: the samples are not numbers, or not one channel.
    """
    whole = len(samples) - len(samples) % PITCH_HOP_SAMPLES
    before = torch.zeros(FRAME_SAMPLES - PITCH_HOP_SAMPLES)
    heard = torch.cat((before, torch.from_numpy(checked(samples)[:whole])))
    return pitch_bins(heard, beyond)


@torch.no_grad()
def pitch_bins(samples: Tensor, beyond: int = 0) -> Tensor:
    """Square root of the magnitude around each half semitone, of frames every 100 ms.

    Shapes:
        samples: (S,) with S >= 2496.
        returns: ((S - 2496) // 1600, 120 + 4 * beyond).
    """
    if len(samples) < FRAME_SAMPLES:
        return torch.zeros(0, PITCH_DIM + 2 * BINS_PER_SEMITONE * beyond)
    window = torch.hann_window(FRAME_SAMPLES)
    spectrum = magnitudes(samples, window * (2 / window.sum()), _FFT_SAMPLES, PITCH_HOP_SAMPLES)
    bins: Tensor = (spectrum.T @ _filters(beyond) + _FLOOR).sqrt()
    return bins


@cache
def _filters(beyond: int) -> Tensor:
    """A triangle around each half semitone that reaches to its neighbors, of sum 1.

    Shapes:
        returns: (8193, 120 + 4 * beyond)
    """
    place = torch.arange(-1, PITCH_DIM + 2 * beyond * BINS_PER_SEMITONE + 1, dtype=torch.float64)
    center_hz = LOWEST_HZ * 2 ** ((place / BINS_PER_SEMITONE - beyond) / 12)
    bin_hz = torch.linspace(0, SAMPLE_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1, dtype=torch.float64)
    low, center, high = center_hz[:-2], center_hz[1:-1], center_hz[2:]
    rising = (bin_hz[:, None] - low) / (center - low)
    falling = (high - bin_hz[:, None]) / (high - center)
    triangles = torch.minimum(rising, falling).clamp(min=0)
    return (triangles / triangles.sum(0)).float()

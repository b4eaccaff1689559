"""Whole recordings as samples at one rate."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.capture import open_audio
from cla.features import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ  # offered from here too

SUFFIXES = frozenset((".flac", ".g722", ".gsm", ".mp3", ".ogg", ".wav"))


def load_audio(path: Path) -> NDArray[np.float32]:
    """A whole file as mono samples at 16 kHz.

    Shapes:
        returns: (S,) float32 in [-1, 1].

    Raises:
        ClaError: the file is not a sound file.
    """
    with open_audio(path) as audio:
        samples = np.concatenate([chunk.samples for chunk in audio])
        return resampled(samples, audio.sample_rate_hz)


def resampled(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Samples at `rate_hz` as samples at 16 kHz."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    from scipy.signal import resample_poly

    divisor = np.gcd(rate_hz, SAMPLE_RATE_HZ)
    up, down = SAMPLE_RATE_HZ // divisor, rate_hz // divisor
    return np.asarray(resample_poly(samples, up, down), np.float32)


def find_audio(folder: Path) -> Iterable[Path]:
    """All sound files below `folder`, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)

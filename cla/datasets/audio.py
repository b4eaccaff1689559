"""Whole recordings as samples at one rate."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.capture import open_audio, suffixes
from cla.features import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ  # offered from here too
from cla.features import resampled


def load_audio(path: Path) -> NDArray[np.float32]:
    """A whole file as mono samples at 16 kHz.

    Shapes:
        returns: (S,) float32 in [-1, 1].

    Raises:
        ClaError: the file is not a sound file.
    """
    with open_audio(path) as audio:
        samples = np.concatenate([chunk.samples for chunk in audio])
        return resampled(samples, audio.sample_rate_hz, SAMPLE_RATE_HZ)


def find_audio(folder: Path) -> Iterable[Path]:
    """All sound files below `folder`, in the order of their names."""
    known = suffixes("sound")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in known)

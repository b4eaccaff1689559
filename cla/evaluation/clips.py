"""Recordings of single words, cut to where speech starts and ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.features import SAMPLE_RATE_HZ

FRAME_S = 0.01
FLOOR_DB = -38.0
MARGIN_S = 0.03


@dataclass(frozen=True)
class Clip:
    """One utterance as samples; speech lies between `onset_s` and `end_s` of the clip."""

    samples: NDArray[np.float32]
    label: int
    onset_s: float
    end_s: float
    word: str = ""
    voice: str = ""
    held_out: bool = False


def trimmed_clip(samples: NDArray[np.float32], **about: object) -> Clip:
    """Cut silence off both ends, keep a margin, bring the peak to 0.5."""
    onset, end = speech_bounds(samples, SAMPLE_RATE_HZ)
    margin = round(MARGIN_S * SAMPLE_RATE_HZ)
    first, last = max(0, onset - margin), min(len(samples), end + margin)
    cut = samples[first:last]
    cut = cut * np.float32(0.5 / max(1e-6, float(np.abs(cut).max(initial=0.0))))
    onset_s, end_s = (onset - first) / SAMPLE_RATE_HZ, (end - first) / SAMPLE_RATE_HZ
    return Clip(cut, onset_s=onset_s, end_s=end_s, **about)  # type: ignore[arg-type]


def speech_bounds(samples: NDArray[np.float32], rate_hz: int) -> tuple[int, int]:
    """First and one-past-last sample of speech, by the energy of 10 ms frames.

    A frame is speech when its level is within 38 dB of the loudest: low enough for the
    last sound of "six", above the noise floor of every synthesizer used.
    A silent recording counts as speech throughout.
    """
    frame = round(FRAME_S * rate_hz)
    count = len(samples) // frame
    if count == 0:
        return 0, len(samples)
    power = np.square(samples[: count * frame].reshape(count, frame)).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (FLOOR_DB / 10))
    return int(loud[0]) * frame, int(loud[-1] + 1) * frame

"""Recordings of single words, and streams of them with silence between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Occurrence
from cla.features import SAMPLE_RATE_HZ

FRAME_S = 0.01
FLOOR_DB = -38.0
MARGIN_S = 0.03
Samples = NDArray[np.float32]


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


@dataclass(frozen=True)
class AudioStream:
    """Samples at 16 kHz and the digits said in them."""

    samples: Samples
    words: tuple[Occurrence, ...] = ()


@dataclass(frozen=True)
class Gaps:
    """How words are put one after the other.

    Args:
        between_s: shortest and longest silence between two words.
        run: words in a run, within which the silence is `within_s`.
        words: words in a stream.
    """

    between_s: tuple[float, float] = (0.4, 1.4)
    run: int = 1
    within_s: tuple[float, float] = (0.03, 0.2)
    words: int = 30


def streams_of(clips: Sequence[Clip], gaps: Gaps, seed: int) -> Iterator[AudioStream]:
    """All clips in random order, speaker by speaker, in streams with silence between them."""
    rng = np.random.default_rng(seed)
    for voice in sorted({clip.voice for clip in clips}):
        spoken = [clip for clip in clips if clip.voice == voice]
        order = rng.permutation(len(spoken))
        for first in range(0, len(order), gaps.words):
            group = [spoken[index] for index in order[first : first + gaps.words]]
            lengths = [
                float(rng.uniform(*(gaps.within_s if place % gaps.run else gaps.between_s)))
                for place in range(len(group))
            ]
            yield with_gaps(group, lengths)


def with_gaps(clips: Sequence[Clip], gaps_s: Sequence[float]) -> AudioStream:
    """Clips one after the other, each behind a silence."""
    pieces: list[Samples] = []
    words: list[Occurrence] = []
    position = 0
    for clip, gap_s in zip(clips, gaps_s, strict=True):
        gap = np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.float32)
        start_s = (position + len(gap)) / SAMPLE_RATE_HZ
        words.append(Occurrence(clip.label, start_s + clip.onset_s, start_s + clip.end_s))
        pieces += [gap, clip.samples]
        position += len(gap) + len(clip.samples)
    pieces.append(np.zeros(round(1.5 * SAMPLE_RATE_HZ), np.float32))
    return AudioStream(np.concatenate(pieces), tuple(words))

"""Words said one after the other, with silence between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.clips import Clip
from cla.evaluation.streams import Occurrence
from cla.features import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]


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

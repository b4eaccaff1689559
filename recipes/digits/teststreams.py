"""Streams of real voices and sounds that nothing was trained on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import SAMPLE_RATE_HZ, Package, fetch, find_audio, load_audio
from cla.evaluation.audio_streams import AudioStream, Clip, trimmed_clip, with_gaps
from cla.evaluation.digits import DIGITS
from recipes.audio.packages import ENGLISH, MUSIC, recordings
from recipes.digits.augment import telephone

Samples = NDArray[np.float32]
PIECE_S = 60.0


def english_digits(downloads: Path) -> list[Clip]:
    """The ten digits as the English prompt voice says them."""
    folder = next(fetch(ENGLISH, downloads).rglob("digits"))
    return [
        trimmed_clip(load_audio(folder / f"{number}.g722"), label=number + 1, word=DIGITS[number])
        for number in range(len(DIGITS))
    ]


def digit_streams(clips: Sequence[Clip], count: int, seed: int) -> list[AudioStream]:
    """`count` streams, in each of which every clip is said once, in random order, with gaps."""
    rng = np.random.default_rng(seed)
    return [_with_gaps([clips[i] for i in rng.permutation(len(clips))], rng) for _ in range(count)]


def foreign_streams(package: Package, downloads: Path) -> list[AudioStream]:
    """All prompts of a package with short gaps, cut into minutes."""
    rng = np.random.default_rng(0)
    prompts = [
        trimmed_clip(samples, label=0)
        for path, samples in recordings(package, downloads)
        if "silence" not in path.parts and len(samples) > SAMPLE_RATE_HZ // 10
    ]
    order = [prompts[i] for i in rng.permutation(len(prompts))]
    return list(_pieces(_with_gaps(order, rng).samples))


def minutes_of(sounds: Sequence[Samples]) -> list[AudioStream]:
    """Sounds without digits, one after the other, cut into minutes."""
    return list(_pieces(np.concatenate(sounds)))


def music_streams(downloads: Path) -> list[AudioStream]:
    """The music on hold, cut into minutes."""
    return minutes_of([load_audio(path) for path in find_audio(fetch(MUSIC, downloads))])


def by_telephone(stream: AudioStream) -> AudioStream:
    """The same stream through an 8 kHz telephone line."""
    return AudioStream(telephone(stream.samples), stream.words)


def _with_gaps(clips: Sequence[Clip], rng: np.random.Generator) -> AudioStream:
    return with_gaps(clips, [float(rng.uniform(0.3, 1.5)) for _ in clips])


def _pieces(samples: Samples) -> Iterator[AudioStream]:
    length = round(PIECE_S * SAMPLE_RATE_HZ)
    for start in range(0, len(samples), length):
        yield AudioStream(samples[start : start + length])

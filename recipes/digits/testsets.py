"""The sets that figures are measured on, as features on disk."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cla.evaluation.audio_streams import AudioStream, Clip, Gaps, streams_of
from cla.evaluation.streams import TokenStream
from cla.features import SAMPLE_RATE_HZ
from cla.training.recipe import Run, build_streams, read_streams
from recipes.audio import noise as noises
from recipes.audio.packages import ITALIAN, SPANISH
from recipes.digits.dataset import embedded
from recipes.digits.teststreams import (
    PIECE_S,
    by_telephone,
    digit_streams,
    english_digits,
    foreign_streams,
    minutes_of,
    music_streams,
)
from recipes.digits.vocabulary import NEAR_WORDS
from recipes.digits.voices import sounds

REPEATS, SEED = 12, 5
NOISE_MINUTES = 12
BY_TELEPHONE = ("real voice", "Italian speech")


def write_test_sets(run: Run, clips: Sequence[Clip]) -> None:
    """Embed what is missing of each set, and of some by telephone.

    Args:
        clips: the bank, of which voices that were held out say words that sound like digits.
    """
    near = [clip for clip in clips if clip.held_out and clip.word in NEAR_WORDS]
    sets = _test_audio(run.downloads, run.recordings) | _made_audio(near)
    sets |= {f"{name}, telephone": [by_telephone(s) for s in sets[name]] for name in BY_TELEPHONE}
    for name, audio in sets.items():
        build_streams(run.streams(f"test-{name}"), len(audio), partial(_embedded, audio))


def test_sets(run: Run) -> dict[str, list[TokenStream]]:
    """The sets by their names."""
    return {
        path.name.removeprefix("test-"): read_streams(path, TokenStream)
        for path in sorted(run.streams(".").glob("test-*"))
    }


def _test_audio(downloads: Path, data: Path) -> dict[str, list[AudioStream]]:
    return {
        "real voice": digit_streams(english_digits(downloads), REPEATS, SEED),
        "Italian speech": foreign_streams(ITALIAN, downloads),
        "Spanish speech": foreign_streams(SPANISH, downloads),
        "music": music_streams(downloads),
        "sounds": minutes_of(sounds(data, train=False)),
    }


def _made_audio(near: Sequence[Clip]) -> dict[str, list[AudioStream]]:
    rng = np.random.default_rng(SEED)
    length = round(PIECE_S * SAMPLE_RATE_HZ)
    makers = (noises.colored, noises.hum, noises.clicks)
    return {
        "near-miss words": [AudioStream(one.samples) for one in streams_of(near, Gaps(), SEED)],
        "room noise": [AudioStream(makers[n % 3](length, rng)) for n in range(NOISE_MINUTES)],
    }


def _embedded(audio: Sequence[AudioStream], number: int) -> list[TokenStream]:
    return [embedded(audio[number])]

"""The sets that figures are measured on, as features on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cla.evaluation.audio_streams import AudioStream, Gaps, streams_of
from cla.evaluation.clips import Clip
from cla.evaluation.digits import FeatureStream
from cla.features import SAMPLE_RATE_HZ, embed_clip
from cla.files import make_folder, replacing
from cla.training.recipe import Folders
from recipes.digits import noise as noises
from recipes.digits.sources import ITALIAN, SPANISH
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


def write_test_sets(folders: Folders, clips: Sequence[Clip], data: Path) -> None:
    """Embed what is missing of each set, and of some by telephone.

    Args:
        clips: the bank, of which voices that were held out say words that sound like digits.
        data: folder that holds `esc10`.
    """
    near = [clip for clip in clips if clip.held_out and clip.word in NEAR_WORDS]
    for name, audio in (_test_audio(folders.downloads, data) | _made_audio(near)).items():
        _write(folders.features(f"test-{name}"), audio)
        if name in BY_TELEPHONE:
            heard = [by_telephone(one) for one in audio]
            _write(folders.features(f"test-{name}, telephone"), heard)


def test_sets(folders: Folders) -> dict[str, list[FeatureStream]]:
    """The sets by their names."""
    paths = sorted(folders.features(".").glob("test-*"))
    return {
        path.name.removeprefix("test-"): [FeatureStream.load(one) for one in sorted(path.glob("*"))]
        for path in paths
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


def _write(folder: Path, audio: Sequence[AudioStream]) -> None:
    make_folder(folder)
    for number, stream in enumerate(audio):
        path = folder / f"{number:04d}.npz"
        if not path.exists():
            words = np.array(stream.words, np.float64).reshape(-1, 3)
            with replacing(path) as file:
                np.savez(file, features=embed_clip(stream.samples), words=words)

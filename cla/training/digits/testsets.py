"""The sets that figures are measured on, as features on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cla.features import embed_clip
from cla.files import make_folder, replacing
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.sources import ITALIAN, RUSSIAN, SPANISH
from cla.training.digits.teststreams import (
    AudioStream,
    by_telephone,
    digit_streams,
    english_digits,
    foreign_streams,
    minutes_of,
    music_streams,
)
from cla.training.digits.voices import sounds
from cla.training.recipe import Folders

REPEATS, SEED = 12, 5


def write_test_sets(folders: Folders, data: Path) -> None:
    """Embed what is missing of each set, as it is and by telephone.

    Args:
        data: folder that holds `esc10`.
    """
    for name, audio in _test_audio(folders.downloads, data).items():
        _write(folders.features(f"test-{name}"), audio)
        _write(folders.features(f"test-{name}, telephone"), [by_telephone(one) for one in audio])


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
        "Russian speech": foreign_streams(RUSSIAN, downloads),
        "Spanish speech": foreign_streams(SPANISH, downloads),
        "music": music_streams(downloads),
        "sounds": minutes_of(sounds(data, train=False)),
    }


def _write(folder: Path, audio: Sequence[AudioStream]) -> None:
    make_folder(folder)
    for number, stream in enumerate(audio):
        path = folder / f"{number:04d}.npz"
        if not path.exists():
            words = np.array(stream.words, np.float64).reshape(-1, 3)
            with replacing(path) as file:
                np.savez(file, features=embed_clip(stream.samples), words=words)

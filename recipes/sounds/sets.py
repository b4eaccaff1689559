"""The streams of each fold of ESC-10: to train on, and to test."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cla.datasets import esc10, load_audio
from cla.training.recipe import Folders
from recipes.digits.sources import ENGLISH, FRENCH, LOOPS, MUSIC, RUSSIAN
from recipes.digits.sources import recordings as audio_of
from recipes.sounds.dataset import build_streams
from recipes.sounds.effects import effects
from recipes.sounds.streams import (
    Recording,
    Samples,
    SoundScene,
    make_alone,
    make_scene,
    make_short,
)

FOLDS = 5
TRAIN_COUNT, TEST_COUNT = 24, 16
"""Streams of each fold."""
TRAIN_SHORT = 0.4
"""Share of recordings to train on of which a short piece is heard."""
SPEECH = {"train": (*FRENCH, ENGLISH, LOOPS), "test": (RUSSIAN, MUSIC)}
"""Speech and music of none of the classes: no voice or piece of music is trained on and tested."""
KEPT_EFFECTS = 5
"""One of so many effects is not trained on."""
TESTED = ("alone", "short", "test")
"""Whole recordings, short ones, and streams."""
_SEEDS = {"train": 11, "test": 13, "short": 14}

Others = Sequence[Sequence[Samples]]


class _Streams(NamedTuple):
    made: int
    short_share: float
    others: Others


def make_data(data: Path, folders: Folders) -> None:
    """Make what is missing of the streams of all folds.

    Raises:
        ClaError: a package cannot be fetched, or ESC-10 is not there.
    """
    streams = _kinds(folders.downloads)
    clips = esc10(data).clips
    for fold in range(FOLDS):
        recordings = [Recording(load_audio(c.path), c.label + 1) for c in clips if c.fold == fold]
        for name, kind in streams.items():
            make = _maker(name, kind, fold, recordings)
            build_streams(make, kind.made, folders.features(f"{name}-{fold}"))
        build_streams(
            lambda number, heard=recordings: make_alone(heard[number]),  # type: ignore[misc]
            len(recordings),
            folders.features(f"alone-{fold}"),
        )
        build_streams(
            lambda number, heard=recordings, of=fold: make_short(  # type: ignore[misc]
                heard[number], np.random.default_rng((_SEEDS["short"], of, number))
            ),
            len(recordings),
            folders.features(f"short-{fold}"),
        )


def trained_folds(test_fold: int) -> list[int]:
    """The folds to train on where one is tested: all but that and the one before."""
    return [fold for fold in range(FOLDS) if fold not in (test_fold, (test_fold - 1) % FOLDS)]


def _kinds(downloads: Path) -> dict[str, _Streams]:
    spoken: dict[str, list[Samples]] = {
        part: [samples for package in packages for _, samples in audio_of(package, downloads)]
        for part, packages in SPEECH.items()
    }
    heard = [one.samples for one in effects(downloads)]
    trained = [samples for index, samples in enumerate(heard) if index % KEPT_EFFECTS]
    return {
        # Effects are heard twice as often as speech and music.
        "train": _Streams(TRAIN_COUNT, TRAIN_SHORT, (spoken["train"], trained, trained)),
        "test": _Streams(TEST_COUNT, 0.0, (spoken["test"],)),
    }


def _maker(
    name: str, kind: _Streams, fold: int, recordings: Sequence[Recording]
) -> Callable[[int], SoundScene]:
    def make(number: int) -> SoundScene:
        rng = np.random.default_rng((_SEEDS[name], fold, number))
        return make_scene(recordings, kind.others, rng, kind.short_share)

    return make

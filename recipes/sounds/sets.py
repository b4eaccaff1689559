"""The streams of each fold of ESC-10: to train on, and to test."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cla.datasets import esc10, load_audio
from cla.evaluation.streams import TokenStream
from cla.features import embed_sounds
from cla.training.recipe import Run, build_streams
from recipes.audio.packages import ENGLISH, FRENCH, LOOPS, MUSIC, RUSSIAN
from recipes.audio.packages import recordings as audio_of
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
TESTED = ("test", "alone", "short")
"""Streams, whole recordings, and short ones."""
_SEEDS = {"train": 11, "test": 13, "alone": 12, "short": 14}

Others = Sequence[Sequence[Samples]]
"""Recordings of no class, by kind; each kind is heard as often."""
Scene = Callable[[int, np.random.Generator], SoundScene]
"""The scene of a number."""


def make_data(run: Run) -> None:
    """Make what is missing of the streams of all folds.

    Raises:
        ClaError: a package cannot be fetched, or ESC-10 is not there.
    """
    others = _others(run.downloads)
    clips = esc10(run.recordings / "esc10").clips
    for fold in range(FOLDS):
        heard = [Recording(load_audio(c.path), c.label + 1) for c in clips if c.fold == fold]
        for name, (count, scene) in _sets(heard, others).items():
            made = partial(_tokens, scene, (_SEEDS[name], fold))
            build_streams(run.streams(f"{name}-{fold}"), count, made)


def trained_folds(test_fold: int) -> list[int]:
    """The folds to train on where one is tested: all but that and the one before."""
    return [fold for fold in range(FOLDS) if fold not in (test_fold, (test_fold - 1) % FOLDS)]


def _sets(heard: Sequence[Recording], others: Mapping[str, Others]) -> dict[str, tuple[int, Scene]]:
    """How many streams of each kind there are of a fold, and their scenes."""
    trained, tested = others["train"], others["test"]
    return {
        "train": (TRAIN_COUNT, lambda _, rng: make_scene(heard, trained, rng, TRAIN_SHORT)),
        "test": (TEST_COUNT, lambda _, rng: make_scene(heard, tested, rng)),
        "alone": (len(heard), lambda number, _: make_alone(heard[number])),
        "short": (len(heard), lambda number, rng: make_short(heard[number], rng)),
    }


def _tokens(scene: Scene, seed: tuple[int, int], number: int) -> list[TokenStream]:
    made = scene(number, np.random.default_rng((*seed, number)))
    features = embed_sounds(made.samples, scored=True).numpy().astype(np.float16)
    return [TokenStream.of(features, made.heard)]


def _others(downloads: Path) -> dict[str, Others]:
    spoken: dict[str, list[Samples]] = {
        part: [samples for package in packages for _, samples in audio_of(package, downloads)]
        for part, packages in SPEECH.items()
    }
    heard = [one.samples for one in effects(downloads)]
    trained = [samples for index, samples in enumerate(heard) if index % KEPT_EFFECTS]
    # Effects are heard twice as often as speech and music.
    return {"train": (spoken["train"], trained, trained), "test": (spoken["test"],)}

"""The streams of the key: to train on, and to test on pieces and composers never trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from cla.datasets import find_audio, load_audio
from cla.training.recipe import Run, build_streams
from recipes.key.perform import SONGS
from recipes.key.render import sound_font
from recipes.key.scenes import ALONE_S, KeyStream, Material, Samples, make_alone, make_stream
from recipes.key.scores import Score, build_scores

KEPT = 5
"""One score of so many of each collection is kept for tests; of its composers, all."""
NOISE_TEST_FOLD = "5"
"""Of ESC-10: its sounds are not trained on."""


class Made(NamedTuple):
    """A set of streams: how many, how long, of which collections, and a seed.

    Args:
        shares: how often each collection is heard.
        alone: each stream is one piece, of each collection in turn, without rooms and noise.
    """

    streams: int
    length_s: float
    shares: Mapping[str, float]
    seed: int
    trained: bool = False
    alone: bool = False


SETS: Mapping[str, Made] = MappingProxyType(
    {
        "train chorales": Made(20, 480.0, {"chorales": 0.5, SONGS: 0.5}, 1, trained=True),
        "train tunes": Made(15, 480.0, {"tunes": 0.35, "airs": 0.45, SONGS: 0.2}, 2, trained=True),
        "train quartets": Made(
            18, 480.0, {"quartets": 0.6, "chorales": 0.1, SONGS: 0.3}, 3, trained=True
        ),
        "pieces": Made(8, 600.0, {"chorales": 1, "tunes": 1, "airs": 1, "quartets": 1}, 32),
        "composers": Made(8, 600.0, {"composers": 1}, 33),
        "alone": Made(
            48,
            ALONE_S,
            {"composers": 1, "chorales": 1, "quartets": 1, "tunes": 1, "airs": 1},
            34,
            alone=True,
        ),
    }
)
"""In `pieces` what was kept of collections that are trained on; `composers` are all kept."""


def make_data(run: Run) -> None:
    """Read the scores; make what is missing of the streams of all sets.

    Raises:
        ClaError: a package cannot be fetched, ESC-10 is not there, or there is no fluidsynth.
    """
    build_scores(run)
    for name in SETS:
        make_set(run, name)


def make_set(run: Run, name: str) -> None:
    """Make what is missing of the streams of a set, of scores that have been read."""
    made = SETS[name]
    scores = {part: _scores(run, part, made) for part in made.shares if part != SONGS}
    sounds = _sounds(run.recordings, trained=made.trained)
    material = Material(scores, made.shares, sounds, sound_font(run.downloads))

    def stream(number: int) -> list[KeyStream]:
        rng = np.random.default_rng((made.seed, number))
        if made.alone:
            turn, place = divmod(number, len(made.shares))
            name = list(made.shares)[place]
            return [make_alone(scores[name][turn % len(scores[name])], name, material.font, rng)]
        return [make_stream(material, rng, made.length_s)]

    build_streams(run.streams(name), made.streams, stream)


def _scores(run: Run, name: str, made: Made) -> list[Score]:
    scores = run.read(Score, f"scores-{name}")
    if name == "composers":
        return scores
    return [one for at, one in enumerate(scores) if (at % KEPT == 0) != made.trained]


def _sounds(recordings: Path, *, trained: bool) -> Sequence[Samples]:
    return [
        load_audio(path)
        for path in find_audio(recordings / "esc10")
        if (path.name[0] != NOISE_TEST_FOLD) == trained
    ]

"""Streams of sounds as tokens, on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features import SOUND_HOP_S, embed_sounds
from cla.files import make_folder, replacing
from cla.training.batches import LabeledStream, label_weights
from cla.training.scoring import Occurrence
from cla.training.sounds.streams import NONE, Recording, Samples, make_scene

SURE_S = 0.3
"""After a sound began, from when on it can be told."""
HOLD_S = 0.4
"""After it ended, for how long it is still named: half of what a token rests on."""


class SoundStream(NamedTuple):
    """A stream as tokens.

    Shapes:
        features: (T, 1024) float16
        labels: (T,) int64
        heard: (K, 3) float64: label, onset and end in seconds
    """

    features: NDArray[np.float16]
    labels: NDArray[np.int64]
    heard: NDArray[np.float64]

    @property
    def occurrences(self) -> list[Occurrence]:
        """What is heard."""
        return [Occurrence(int(label), onset, end) for label, onset, end in self.heard]


@dataclass(frozen=True)
class StreamSet:
    """Streams of one purpose.

    Args:
        short_share: of the recordings, of which a short piece is heard.
    """

    count: int
    seed: int
    short_share: float = 0.0


def build_streams(
    recordings: Sequence[Recording], others: Sequence[Samples], made: StreamSet, folder: Path
) -> None:
    """Make what is missing of a set of streams; finished ones are kept."""
    from tqdm import trange

    make_folder(folder)
    for number in trange(made.count, desc=f"streams {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        scene = make_scene(
            recordings, others, np.random.default_rng((made.seed, number)), made.short_share
        )
        features = embed_sounds(scene.samples).numpy().astype(np.float16)
        labels = token_labels(scene.heard, len(features))
        heard = np.array(scene.heard, np.float64).reshape(-1, 3)
        with replacing(path) as file:
            np.savez(file, features=features, labels=labels, heard=heard)


def load_streams(folder: Path) -> Iterator[SoundStream]:
    """The streams that `build_streams` wrote."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as archive:
            yield SoundStream(**archive)


def token_labels(heard: Sequence[Occurrence], tokens: int) -> NDArray[np.int64]:
    """What each token is labeled: the sound that goes on, from when it can be told."""
    labels = np.full(tokens, NONE, np.int64)
    time_s = np.round((np.arange(tokens) + 1) * SOUND_HOP_S, 6)
    for one in heard:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        labels[(time_s >= first) & (time_s <= last)] = one.label
    return labels


def labeled(streams: Sequence[SoundStream]) -> list[LabeledStream]:
    """Streams to train on."""
    return [
        LabeledStream(stream.features, stream.labels, label_weights(stream.labels))
        for stream in streams
    ]

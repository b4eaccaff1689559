"""Streams of sounds as tokens, on disk."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.scoring import Occurrence
from cla.features import SOUND_HOP_S, embed_sounds
from cla.files import make_folder, replacing
from cla.training.batches import LabeledStream
from recipes.sounds.streams import NONE, SoundScene

SURE_S = 0.3
"""After a sound began, from when on it can be told."""
HOLD_S = 0.4
"""After it ended, for how long it is still named: half of what a token rests on."""
UNSURE_WEIGHT = 0.1
"""Of tokens before and after, which rest on some of it: they may name it or not."""
RESTS_ON_S = 1.0
FEW_TOKENS = 12
"""Tokens of a shorter sound count more, of a longer one less, within `WEIGHTS`."""
WEIGHTS = (0.7, 3.0)


class SoundStream(NamedTuple):
    """A stream as tokens.

    Shapes:
        features: (T, 1546) float16
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


def build_streams(make: Callable[[int], SoundScene], count: int, folder: Path) -> None:
    """Make what is missing of a set of streams; finished ones are kept.

    Args:
        make: the scene of that number.
    """
    from tqdm import trange

    make_folder(folder)
    for number in trange(count, desc=f"streams {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        scene = make(number)
        features = embed_sounds(scene.samples, scored=True).numpy().astype(np.float16)
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
        LabeledStream(stream.features, stream.labels, token_weights(stream)) for stream in streams
    ]


def token_weights(stream: SoundStream) -> NDArray[np.float32]:
    """How much each token counts: a short sound nearly as much as a long one, (T,)."""
    weights = np.ones(len(stream.labels), np.float32)
    time_s = np.round((np.arange(len(weights)) + 1) * SOUND_HOP_S, 6)
    for one in stream.occurrences:
        weights[(time_s > one.onset_s) & (time_s < one.end_s + RESTS_ON_S)] = UNSURE_WEIGHT
    for one in stream.occurrences:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        sure = (time_s >= first) & (time_s <= last)
        weights[sure] = np.clip(FEW_TOKENS / max(1, sure.sum()), *WEIGHTS)
    return weights

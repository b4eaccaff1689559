"""Material cut into what is trained on and what is held out, and streams joined from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.teaching.material import Material, TaughtClip
from cla.training.batches import LabeledStream

HELD_OUT = 0.25
WHOLE_CLIPS = 4
"""A class of so many clips has whole ones held out, else the ends of its clips."""
GUARD_TOKENS = 12
"""Tokens between what is trained on and what is held out: features look back that far."""
SHORTEST, LONGEST = 5, 75
"""Tokens of one label in a row, in a joined stream."""
SETTLING_TOKENS = 6
"""First tokens after a change of label; they count little in training and not in scores."""
SETTLING_WEIGHT = 0.2
QUIET_WEIGHT = 0.5
"""What is quiet in a clip of a class is not certainly nothing; in scores it does not count."""


@dataclass(frozen=True)
class Stretch:
    """Tokens in a row from one clip, with their labels: those that are quiet have label 0.

    Shapes:
        features: (T, F) float32
        labels: (T,) int64
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]


Pools = list[list[Stretch]]
"""The stretches of each label; that of label 0 may be empty."""


def split(material: Material, others: Sequence[TaughtClip]) -> tuple[Pools, Pools]:
    """What is trained on, and what is held out: later in time, or other clips.

    Args:
        others: clips of something else beside the material's own background.
    """
    trained: Pools = []
    held: Pools = []
    groups = [(*material.background, *others), *(each.clips for each in material.classes)]
    for label, clips in enumerate(groups):
        stretches = [_labeled(clip, label) for clip in clips]
        whole = len(clips) >= WHOLE_CLIPS if label else False
        pairs = _whole(stretches) if whole else _ends(stretches)
        trained.append(pairs[0])
        held.append(pairs[1])
    return trained, held


def labeled(material: Material) -> Pools:
    """All clips of each label, and of none beside them."""
    groups = [material.background, *(each.clips for each in material.classes)]
    return [[_labeled(clip, label) for clip in clips] for label, clips in enumerate(groups)]


class StreamJoiner:
    """Joins stretches of changing labels to streams, as a live stream would have them.

    Args:
        crossed: share of something else that is made by mixing classes.
    """

    def __init__(self, pools: Pools, rng: np.random.Generator, crossed: float = 0.0) -> None:
        self._pools = pools
        self._labels = [label for label, pool in enumerate(pools) if pool]
        if crossed and not pools[0]:
            self._labels.append(0)
        self._rng = rng
        self._crossed = crossed

    def join(self, tokens: int) -> LabeledStream:
        """A stream of so many tokens; each label comes as often as any other."""
        features, labels, weights = [], [], []
        total, before = 0, -1
        while total < tokens:
            others = [label for label in self._labels if label != before]
            label = int(self._rng.choice(others or self._labels))
            crossed = label == 0 and (not self._pools[0] or self._rng.random() < self._crossed)
            piece = self._cross() if crossed else self._piece(label)
            quiet = (piece.labels == 0) & (label > 0)
            weight = np.where(quiet, QUIET_WEIGHT, 1.0).astype(np.float32)
            weight[:SETTLING_TOKENS] *= SETTLING_WEIGHT
            features.append(piece.features)
            labels.append(piece.labels)
            weights.append(weight)
            total, before = total + len(weight), label
        return LabeledStream(
            np.concatenate(features)[:tokens],
            np.concatenate(labels)[:tokens],
            np.concatenate(weights)[:tokens],
        )

    def _cross(self) -> Stretch:
        """Something else: features of two classes mixed, each taken from one or the other."""
        labels = self._rng.choice(range(1, len(self._pools)), 2, replace=False)
        first, second = (self._piece(int(label)).features for label in labels)
        length = min(len(first), len(second))
        taken = self._rng.random(first.shape[1]) < self._rng.uniform(0.3, 0.7)
        mixed = np.where(taken, first[:length], second[:length])
        return Stretch(mixed, np.zeros(length, np.int64))

    def _piece(self, label: int) -> Stretch:
        pool = self._pools[label]
        sizes = np.array([len(stretch.labels) for stretch in pool], np.float64)
        stretch = pool[int(self._rng.choice(len(pool), p=sizes / sizes.sum()))]
        most = np.exp(self._rng.uniform(np.log(SHORTEST), np.log(LONGEST)))
        length = min(round(most), len(stretch.labels))
        start = int(self._rng.integers(len(stretch.labels) - length + 1))
        end = start + length
        return Stretch(stretch.features[start:end], stretch.labels[start:end])


def _labeled(clip: TaughtClip, label: int) -> Stretch:
    return Stretch(clip.features, np.where(clip.quiet, 0, label))


def _whole(stretches: list[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    count = round(len(stretches) * HELD_OUT)
    return stretches[:-count], stretches[-count:]


def _ends(stretches: list[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    trained, held = [], []
    for stretch in stretches:
        length = len(stretch.labels)
        cut = length - round(length * HELD_OUT)
        last = max(cut - GUARD_TOKENS, cut // 2)
        trained.append(Stretch(stretch.features[:last], stretch.labels[:last]))
        held.append(Stretch(stretch.features[cut:], stretch.labels[cut:]))
    return [one for one in trained if len(one.labels)], [one for one in held if len(one.labels)]

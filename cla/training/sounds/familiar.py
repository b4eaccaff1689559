"""What the classes sound like: what is far from all that was heard of a class is not named so."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.models import Known, KnownClass, TaskModel
from cla.models.known import MAX_EXAMPLES, averaged, unit
from cla.training.lanes import FULL, Outputs, probabilities
from cla.training.sounds.dataset import SoundStream
from cla.training.sounds.streams import NONE

SLACK = 0.05
"""Less than that of the least alike recording kept for tuning will do: rooms and noise differ."""
SURE = 0.5
KNOWN_TOKENS = 4
"""So many tokens of a recording must be known."""

Heard = Sequence[tuple[int, NDArray[np.float32]]]
"""Label and tokens (T, F) of each recording."""


def fit_known(task: TaskModel, train: Heard, tuning: Heard, seed: int = 0) -> Known:
    """Centers of each class's tokens, and how near to one of them a sound of the class comes.

    Tokens of a recording count where the task names them rightly.
    """
    from sklearn.cluster import KMeans

    classes = {}
    named, kept = _named(task, train), _named(task, tuning)
    for place in sorted({label for label, _ in train}):
        own = np.concatenate([tokens for label, tokens in named if label == place])
        centers = KMeans(min(MAX_EXAMPLES, len(own)), n_init=1, random_state=seed).fit(own)
        examples = unit(centers.cluster_centers_.astype(np.float32))
        nearest = [
            np.sort((tokens @ examples.T).max(1))[-KNOWN_TOKENS:][0]
            for label, tokens in kept
            if label == place
        ]
        classes[place] = KnownClass(examples, float(min(nearest)) - SLACK)
    return Known(classes)


def strange_tokens(known: Known, streams: Sequence[SoundStream]) -> list[NDArray[np.bool_]]:
    """Where each class is unlike what sounds, as `Known.strange` says it, (T, C) of each stream."""
    found = []
    for stream in streams:
        directions = _directions(stream)
        strange = np.zeros((len(directions), 1 + max(known.classes, default=0)), bool)
        for place, one in known.classes.items():
            strange[:, place] = (directions @ one.examples.T).max(1) < one.least
        found.append(strange)
    return found


def held(outputs: Outputs, strange: Sequence[NDArray[np.bool_]]) -> Outputs:
    """Probabilities as lanes give them: a class that no token resembles is none.

    Shapes:
        outputs: (T, C) of each stream.
    """
    found = []
    for rows, refused in zip(outputs, strange, strict=True):
        kept = np.where(refused, 0, rows)
        kept[:, NONE] += rows.sum(1) - kept.sum(1)
        found.append(kept)
    return found


def _directions(stream: SoundStream) -> NDArray[np.float32]:
    return unit(averaged(stream.features.astype(np.float32)))


def _named(task: TaskModel, heard: Heard) -> list[tuple[int, NDArray[np.float32]]]:
    """The directions of the tokens of each recording that are surely named by its label."""
    outputs = probabilities(task.lane(FULL), [tokens for _, tokens in heard])
    return [
        (label, unit(averaged(tokens))[rows[:, label] > SURE])
        for (label, tokens), rows in zip(heard, outputs, strict=True)
        if (rows[:, label] > SURE).any()
    ]

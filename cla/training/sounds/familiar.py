"""What the classes sound like: what is far from all that was heard of a class is not named so."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.models import Known, KnownClass
from cla.models.known import MAX_EXAMPLES, averaged, unit
from cla.training.lanes import Outputs
from cla.training.sounds.dataset import SoundStream
from cla.training.sounds.streams import NONE

KEPT = 0.97
"""Share of the sounds kept for tuning that stay known."""
KNOWN_TOKENS = 3
"""So many of a sound's tokens must be known for it to be named."""


def fit_known(train: Sequence[SoundStream], tuning: Sequence[SoundStream], seed: int = 0) -> Known:
    """Centers of each class's tokens, and how near to one of them a sound of the class comes."""
    from sklearn.cluster import KMeans

    labels = np.concatenate([stream.labels for stream in train])
    tokens = np.concatenate([_directions(stream) for stream in train])
    heard = [found for stream in tuning for found in _sounds(stream)]
    classes = {}
    for place in sorted(set(labels.tolist()) - {NONE}):
        own = tokens[labels == place]
        centers = KMeans(min(MAX_EXAMPLES, len(own)), n_init=1, random_state=seed).fit(own)
        examples = unit(centers.cluster_centers_.astype(np.float32))
        nearest = [
            np.sort((found @ examples.T).max(1))[-KNOWN_TOKENS:][0]
            for label, found in heard
            if label == place
        ]
        classes[place] = KnownClass(examples, float(np.quantile(nearest, 1 - KEPT)))
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


def _sounds(stream: SoundStream) -> list[tuple[int, NDArray[np.float32]]]:
    """The tokens of each run of one label, with that label."""
    starts = np.flatnonzero(np.diff(stream.labels)) + 1
    runs = zip(np.split(stream.labels, starts), np.split(_directions(stream), starts), strict=True)
    return [(int(labels[0]), tokens) for labels, tokens in runs if labels[0] != NONE]

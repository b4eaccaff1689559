"""Tokens to train on: in all keys, and how much each of them counts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.features import BINS_PER_SEMITONE, PITCH_DIM
from cla.training.batches import LabeledStream
from recipes.key.keys import LABELS, NONE, transposed
from recipes.key.scenes import BEYOND, KeyStream

LASTING_TOKENS = 200
"""A key that is left after less than 20 s is a passing one: the key before it goes on."""
UNSURE_TOKENS = 20
UNSURE_WEIGHT = 0.2
"""Of the first tokens of another key, before it can be told."""


def labeled(streams: Sequence[KeyStream]) -> list[LabeledStream]:
    """Each stream in twelve keys, which share its tokens: bins further up or down, none made up."""
    found = []
    for stream in streams:
        labels = lasting(stream.labels)
        weights = token_weights(labels)
        for up in range(-BEYOND, BEYOND):
            moved = np.array([transposed(label, up) for label in range(len(LABELS))])
            found.append(LabeledStream(bins_moved(stream, up), moved[labels], weights))
    return found


def bins_moved(stream: KeyStream, up: int = 0) -> NDArray[np.float16]:
    """The tokens of a stream moved up by so many semitones, at most `BEYOND`, (T, 120)."""
    first = (BEYOND - up) * BINS_PER_SEMITONE
    return stream.features[:, first : first + PITCH_DIM]


def lasting(labels: NDArray[np.int64], least: int = LASTING_TOKENS) -> NDArray[np.int64]:
    """The labels (T,) without keys that pass: from the shortest on, the one before goes on.

    The first key of a piece that passes is taken for the next; a piece of one key keeps it.
    """
    labels = labels.copy()
    while True:
        bounds = np.concatenate(([0], np.flatnonzero(np.diff(labels)) + 1, [len(labels)]))
        keys = np.concatenate(([NONE], labels[bounds[:-1]], [NONE]))
        before, itself, after = keys[:-2], keys[1:-1], keys[2:]
        passes = (itself != NONE) & ((before != NONE) | (after != NONE))
        passes &= np.diff(bounds) < least
        if not passes.any():
            return labels
        place = int(np.where(passes, np.diff(bounds), len(labels) + 1).argmin())
        goes_on = before[place] if before[place] != NONE else after[place]
        labels[bounds[place] : bounds[place + 1]] = goes_on


def token_weights(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """How much each token counts, (T,)."""
    weights = np.ones(len(labels), np.float32)
    for change in np.flatnonzero(np.diff(labels)) + 1:
        weights[change : change + UNSURE_TOKENS] = UNSURE_WEIGHT
    return weights

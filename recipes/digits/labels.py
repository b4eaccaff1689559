"""What each token of a stream should be called."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Occurrence, TokenStream
from cla.features import HOP_S
from cla.training.batches import LabeledStream, label_weights
from recipes.digits.vocabulary import NONE

LEAD_S = 0.04
HOLD_S = 0.6
"""A digit's label lasts that long after the word."""
SHORTEST_HOLD_S = 0.25
"""It does not end sooner when the next word follows at once."""


def token_times(count: int) -> NDArray[np.float64]:
    """Media time at the end of each token."""
    return np.arange(1, count + 1, dtype=np.float64) * HOP_S


def token_labels(words: Sequence[Occurrence], count: int) -> NDArray[np.int64]:
    """Class of each token.

    A token is a digit from 40 ms before the word's end until 0.6 s after it, or until the
    next word begins, but for 0.25 s at least. The newest token sees 775 ms, so its later part can
    only be told by looking back over the window.

    Shapes:
        returns: (count,).
    """
    times_s = token_times(count)
    labels = np.full(count, NONE, np.int64)
    ordered = sorted(words, key=lambda word: word.onset_s)
    onsets = [*(word.onset_s for word in ordered), np.inf]
    for word, next_onset_s in zip(ordered, onsets[1:], strict=True):
        if word.label != NONE:
            stop_s = min(word.end_s + HOLD_S, max(word.end_s + SHORTEST_HOLD_S, next_onset_s))
            labels[(times_s >= word.end_s - LEAD_S) & (times_s <= stop_s)] = word.label
    return labels


def labeled(streams: Iterable[TokenStream]) -> list[LabeledStream]:
    """Streams as training takes them."""
    labels = [(one.features, token_labels(one.occurrences, len(one.features))) for one in streams]
    return [LabeledStream(features, each, label_weights(each)) for features, each in labels]

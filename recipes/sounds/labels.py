"""What the tokens of a stream are labeled, and how much each of them counts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Occurrence, TokenStream
from cla.features import SOUND_HOP_S
from cla.training.batches import LabeledStream
from recipes.sounds.streams import NONE

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


def token_labels(heard: Sequence[Occurrence], tokens: int) -> NDArray[np.int64]:
    """What each token is labeled: the sound that goes on, from when it can be told."""
    labels = np.full(tokens, NONE, np.int64)
    time_s = np.round((np.arange(tokens) + 1) * SOUND_HOP_S, 6)
    for one in heard:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        labels[(time_s >= first) & (time_s <= last)] = one.label
    return labels


def labels_of(stream: TokenStream) -> NDArray[np.int64]:
    """What each token of a stream is labeled, (T,)."""
    return token_labels(stream.occurrences, len(stream.features))


def labeled(streams: Sequence[TokenStream]) -> list[LabeledStream]:
    """Streams to train on."""
    return [LabeledStream(one.features, labels_of(one), token_weights(one)) for one in streams]


def token_weights(stream: TokenStream) -> NDArray[np.float32]:
    """How much each token counts: a short sound nearly as much as a long one, (T,)."""
    weights = np.ones(len(stream.features), np.float32)
    time_s = np.round((np.arange(len(weights)) + 1) * SOUND_HOP_S, 6)
    for one in stream.occurrences:
        weights[(time_s > one.onset_s) & (time_s < one.end_s + RESTS_ON_S)] = UNSURE_WEIGHT
    for one in stream.occurrences:
        first, last = np.round([one.onset_s + SURE_S, one.end_s + HOLD_S], 6)
        sure = (time_s >= first) & (time_s <= last)
        weights[sure] = np.clip(FEW_TOKENS / max(1, sure.sum()), *WEIGHTS)
    return weights

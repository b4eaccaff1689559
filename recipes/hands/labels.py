"""What is to be recognized in a stream: its labels for training, its occurrences for scores."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Expected, Occurrence
from cla.features import HAND_HOP_S
from cla.training.batches import LabeledStream, label_weights
from recipes.hands.streams import HandsStream, lost_hands
from recipes.hands.vocabulary import MOTIONS, NONE, label_index

UNDECIDED_WEIGHT = 0.2
"""Where nobody can tell, as amid a motion, the label counts little."""
MIN_TOKENS = 8
"""A sign that is shown for a shorter time need not be found."""

FIRST_MOTION = label_index(MOTIONS[0])
MOTION_WEIGHT = 2.0
"""Motions are short: there are few tokens of each."""
KIND_SHARES = (0.03, 0.12, 0.15, 0.7)
"""What no hands, hands that are no sign, signs, and motions count to fitted landmarks."""


def labeled(streams: Iterable[HandsStream]) -> list[LabeledStream]:
    """Streams as training takes them."""
    return [LabeledStream(stream.features, stream.labels, _weights(stream)) for stream in streams]


def expected(stream: HandsStream) -> Expected:
    """What must be found in a stream, and what may be: signs shown briefly or around motions."""
    named = _runs(stream.labels)
    shown = _runs(stream.shown)
    motions = [one for one in named if one.label >= FIRST_MOTION]
    during = [one._replace(onset_s=_start_of(one, stream.decided)) for one in motions]
    signs = [one for one in named if NONE < one.label < FIRST_MOTION]
    still = [
        one
        for one in signs
        if one.end_s - one.onset_s >= MIN_TOKENS * HAND_HOP_S
        and not any(_touch(one, motion) for motion in during)
    ]
    return Expected(during + still, shown)


def landmark_weights(streams: Sequence[HandsStream]) -> list[NDArray[np.float64]]:
    """How much each token counts where landmarks are fitted, (T,) of each stream.

    Tokens of motions, amid them or after, are few; held signs, other hands and no hands are many.
    Each of these four kinds counts as `KIND_SHARES` says, however many tokens it has.
    """
    kinds = [_kinds(stream) for stream in streams]
    counts = np.bincount(np.concatenate(kinds), minlength=len(KIND_SHARES))
    weights = np.array(KIND_SHARES) / np.maximum(counts, 1) * counts.sum()
    return [weights[kind] for kind in kinds]


def _kinds(stream: HandsStream) -> NDArray[np.int64]:
    """0 where there is no hand, 1 at hands that are no sign, 2 at signs, 3 at motions, (T,)."""
    kinds = np.where(stream.labels == NONE, 1, 2)
    kinds[(stream.labels >= FIRST_MOTION) | ~stream.decided] = 3
    kinds[stream.features[:, 0] == 0] = 0
    return kinds


def _weights(stream: HandsStream) -> NDArray[np.float32]:
    weights = label_weights(stream.labels)
    weights[stream.labels >= FIRST_MOTION] *= MOTION_WEIGHT
    weights[~stream.decided] *= UNDECIDED_WEIGHT
    weights[lost_hands(stream.features, stream.labels)] = 0.0
    return weights


def _runs(labels: NDArray[np.int64]) -> list[Occurrence]:
    changes = np.flatnonzero(np.diff(labels)) + 1
    starts = [0, *changes.tolist()]
    ends = [*changes.tolist(), len(labels)]
    return [
        Occurrence(int(labels[start]), (start + 1) * HAND_HOP_S, end * HAND_HOP_S)
        for start, end in zip(starts, ends, strict=True)
        if labels[start] != NONE
    ]


def _start_of(motion: Occurrence, decided: NDArray[np.bool_]) -> float:
    """When a motion began: where its label cannot be told yet."""
    first = round(motion.onset_s / HAND_HOP_S) - 1
    before = np.flatnonzero(decided[:first])
    return float((before[-1] + 2 if len(before) else 1) * HAND_HOP_S)


def _touch(sign: Occurrence, motion: Occurrence) -> bool:
    return sign.onset_s <= motion.end_s + HAND_HOP_S and motion.onset_s <= sign.end_s + HAND_HOP_S

"""What was heard with some corrections, and what was said of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.teaching.stretches import SETTLING_TOKENS
from cla.types import Correction

UNSURE = -1
"""Tokens beside a stretch may be of its label or not: nothing is asked of them."""


@dataclass(frozen=True)
class Marked:
    """What was heard, and the labels that it was given.

    Shapes:
        features: (T, F) float32
        labels: (T,) int64: a label, `UNSURE`, or below that where nobody said anything
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]


def joined(corrections: Sequence[Correction]) -> list[Marked]:
    """What was heard with some corrections, each token once, with all that was said of it."""
    parts: list[tuple[int, int, NDArray[np.float32]]] = []
    for one in sorted(corrections, key=lambda one: (one.stream, one.newest)):
        if parts and parts[-1][0] == one.stream and one.first <= _end(parts[-1]):
            stream, first, features = parts.pop()
            new = one.features[_end((stream, first, features)) - one.first :]
            parts.append((stream, first, np.concatenate([features, new])))
        else:
            parts.append((one.stream, one.first, one.features))
    return [Marked(part[2], _labels(part, corrections)) for part in parts]


def _end(part: tuple[int, int, NDArray[np.float32]]) -> int:
    return part[1] + len(part[2])


def _labels(
    part: tuple[int, int, NDArray[np.float32]], corrections: Sequence[Correction]
) -> NDArray[np.int64]:
    """The labels of a part's tokens; the newest correction of a token counts."""
    stream, first, features = part
    labels = np.full(len(features), UNSURE - 1, np.int64)
    here = [each for each in corrections if each.stream == stream]
    for one in here:
        last = one.token + 1 - first
        begin = max(0, last - one.tokens - SETTLING_TOKENS)
        labels[begin : max(0, last + SETTLING_TOKENS)] = UNSURE
    for one in here:
        last = one.token + 1 - first
        labels[max(0, last - one.tokens) : max(0, last)] = one.label
    return labels

"""Streams as tokens, and what is to be recognized in them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Occurrence(NamedTuple):
    """Something that a stream holds from its onset to its end; label 0 is of no class."""

    label: int
    onset_s: float
    end_s: float


class Expected(NamedTuple):
    """What must be found in a stream, and what may be found without being a false event."""

    wanted: Sequence[Occurrence]
    tolerated: Sequence[Occurrence] = ()


class TokenStream(NamedTuple):
    """Tokens of a stream and its occurrences; see `of`.

    Shapes:
        features: (T, F)
        held: (K, 3) float64: label, onset and end in seconds
    """

    features: NDArray[np.floating]
    held: NDArray[np.float64]

    @classmethod
    def of(
        cls, features: NDArray[np.floating], occurrences: Sequence[Occurrence] = ()
    ) -> "TokenStream":
        """Tokens (T, F), and what they are tokens of."""
        return cls(features, np.array(occurrences, np.float64).reshape(-1, 3))

    @property
    def occurrences(self) -> list[Occurrence]:
        """What the stream holds."""
        return [Occurrence(int(label), onset, end) for label, onset, end in self.held.tolist()]

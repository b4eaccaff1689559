"""What taught classes sound like: input that is far from all of a class is not named so."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TOKENS = 5
"""So many tokens are averaged before they are compared."""
MAX_EXAMPLES = 64
"""Of one class; more cost each token time, and the file room."""

Features = NDArray[np.float32]


@dataclass(frozen=True)
class KnownClass:
    """A class by examples of it.

    Args:
        least: cosine that input must have with one of them, at least.

    Shapes:
        examples: (K, F) float32, of length 1
    """

    examples: Features
    least: float

    def resembled_by(self, features: Features) -> NDArray[np.bool_]:
        """Whether features are near enough to an example, (...) of (..., F)."""
        near: NDArray[np.bool_] = (unit(features) @ self.examples.T).max(-1) >= self.least
        return near


@dataclass(frozen=True)
class ScoredClass:
    """A class by scores among its features, which another network gave.

    Args:
        signs: 1 at scores that may be high where the class is, -1 at those that speak against it,
            0 at other features.
        least: by how much the highest of the former leads that of the latter, at least.

    Shapes:
        signs: (F,) float32
    """

    signs: Features
    least: float

    def lead(self, features: Features) -> Features:
        """By how much a score that may be high leads, (...) of features (..., F)."""
        leads: Features = features[..., self.signs > 0].max(-1) - features[..., self.signs < 0].max(
            -1
        )
        return leads

    def resembled_by(self, features: Features) -> NDArray[np.bool_]:
        """Whether no score that speaks against it is too high, (...) of features (..., F)."""
        leads: NDArray[np.bool_] = self.lead(features) >= self.least
        return leads


@dataclass(frozen=True)
class Known:
    """The classes of a task that are known by examples or scores, by place among the labels."""

    classes: Mapping[int, KnownClass | ScoredClass] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.classes)

    def held_against(self, probabilities: Features, recent: Features) -> Features:
        """Probabilities of a token in which a class that it does not resemble is none of them.

        Shapes:
            probabilities: (C,)
            recent: (T, F), the newest tokens, of which the last ones are averaged
        """
        held: Features = self._held(probabilities[None], recent[-TOKENS:].mean(0)[None])[0]
        return held

    def held_along(self, probabilities: Features, features: Features) -> Features:
        """The same of every token of a stream.

        Shapes:
            probabilities: (T, C)
            features: (T, F)
        """
        return self._held(probabilities, averaged(features)) if self.classes else probabilities

    def _held(self, probabilities: Features, newest: Features) -> Features:
        strange = np.zeros(probabilities.shape, bool)
        for place, one in self.classes.items():
            strange[:, place] = ~one.resembled_by(newest)
        held: Features = np.where(strange, np.float32(0), probabilities)
        held[:, 0] += np.where(strange, probabilities, np.float32(0)).sum(1)
        return held


def unit(features: Features) -> Features:
    """Vectors of length 1; those without any length stay so."""
    length = np.linalg.norm(features, axis=-1, keepdims=True)
    scaled: Features = (features / np.maximum(length, np.float32(1e-6))).astype(np.float32)
    return scaled


def averaged(features: Features) -> Features:
    """Each token's mean with those just before it, as `Known` averages them.

    Shapes:
        features: (T, F)
    """
    if not len(features):
        return features
    return np.stack(
        [features[max(0, i + 1 - TOKENS) : i + 1].mean(0) for i in range(len(features))]
    )

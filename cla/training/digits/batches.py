"""Random pieces of feature streams for training: tokens, labels, and how much each label counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.training.digits.dataset import FeatureStream
from cla.training.digits.labels import token_labels

BOUNDARY_WEIGHT = 0.3


class Batch(NamedTuple):
    """Pieces of streams.

    Shapes:
        features: (B, T, F) float32
        labels: (B, T) int64
        weights: (B, T) float32
    """

    features: Tensor
    labels: Tensor
    weights: Tensor


@dataclass(frozen=True)
class FeatureNoise:
    """Disturbances of tokens that make up for what synthetic voices lack.

    Args:
        scale: standard deviation of added noise; tokens vary by about 8.
        offset: standard deviation of a vector added to a whole piece.
        repeat: share of tokens that are replaced by the one before.
    """

    scale: float = 1.5
    offset: float = 1.5
    repeat: float = 0.03


class Pieces:
    """Draws random pieces of one length from streams."""

    def __init__(self, streams: Sequence[FeatureStream], hold_s: float) -> None:
        self._features = [stream.features for stream in streams]
        self._labels = [
            token_labels(stream.words, len(stream.features), hold_s) for stream in streams
        ]
        self._weights = [label_weights(labels) for labels in self._labels]

    def draw(self, count: int, tokens: int, noise: FeatureNoise, rng: np.random.Generator) -> Batch:
        """`count` pieces of `tokens` tokens."""
        chosen = rng.integers(len(self._features), size=count)
        starts = [rng.integers(0, len(self._labels[i]) - tokens + 1) for i in chosen]
        spans = [(i, slice(start, start + tokens)) for i, start in zip(chosen, starts, strict=True)]
        features = np.stack([self._features[i][span] for i, span in spans]).astype(np.float32)
        return Batch(
            torch.from_numpy(_disturbed(features, noise, rng)),
            torch.from_numpy(np.stack([self._labels[i][span] for i, span in spans])),
            torch.from_numpy(np.stack([self._weights[i][span] for i, span in spans])),
        )


def label_weights(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of each token: those beside a change of label count less, it is not that exact."""
    changes = np.flatnonzero(np.diff(labels))
    weights = np.ones(len(labels), np.float32)
    weights[changes] = BOUNDARY_WEIGHT
    weights[changes + 1] = BOUNDARY_WEIGHT
    return weights


def _disturbed(
    features: NDArray[np.float32], noise: FeatureNoise, rng: np.random.Generator
) -> NDArray[np.float32]:
    count, tokens, size = features.shape
    scale = rng.uniform(0, noise.scale, (count, 1, 1)).astype(np.float32)
    features = features + scale * rng.standard_normal(features.shape, np.float32)
    features += np.float32(noise.offset) * rng.standard_normal((count, 1, size), np.float32)
    repeated = rng.random((count, tokens)) < noise.repeat
    repeated[:, 0] = False
    rows, columns = np.nonzero(repeated)
    features[rows, columns] = features[rows, columns - 1]
    return features

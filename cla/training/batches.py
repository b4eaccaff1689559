"""Random pieces of labeled streams for training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BOUNDARY_WEIGHT = 0.3


class LabeledStream(NamedTuple):
    """Tokens, their labels, and how much each label counts.

    Shapes:
        features: (T, F)
        labels: (T,) int64
        weights: (T,) float32
    """

    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]


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
    """Disturbances of tokens that make up for what synthetic streams lack.

    Args:
        scale: largest standard deviation of added noise.
        offset: standard deviation of a vector added to a whole piece.
        repeat: share of tokens that are replaced by the one before.
    """

    scale: float = 0.0
    offset: float = 0.0
    repeat: float = 0.0


class Pieces:
    """Draws random pieces of one length from streams."""

    def __init__(self, streams: Sequence[LabeledStream]) -> None:
        self._streams = streams

    def draw(
        self,
        count: int,
        tokens: int,
        noise: FeatureNoise,
        rng: np.random.Generator,
        every: int = 1,
    ) -> Batch:
        """`count` pieces of `tokens` tokens, or of every so many of them, the last one included."""
        chosen = [self._streams[i] for i in rng.integers(len(self._streams), size=count)]
        starts = [int(rng.integers(len(stream.labels) - tokens + 1)) for stream in chosen]
        first = (tokens - 1) % every
        spans = [slice(start + first, start + tokens, every) for start in starts]
        pieces = list(zip(chosen, spans, strict=True))
        features = np.stack([stream.features[span] for stream, span in pieces]).astype(np.float32)
        return Batch(
            torch.from_numpy(_disturbed(features, noise, rng)),
            torch.from_numpy(np.stack([stream.labels[span] for stream, span in pieces])),
            torch.from_numpy(np.stack([stream.weights[span] for stream, span in pieces])),
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

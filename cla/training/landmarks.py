"""Fixed landmarks: k-means centers of projected queries and keys."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.models import FixedLandmarks, StreamClassifier
from cla.training.lanes import COUNTS

TOKENS = 12_000
PIECE_TOKENS = 200


def fit_landmarks(
    model: StreamClassifier, features: Sequence[NDArray[np.floating]], seed: int = 0
) -> dict[int, FixedLandmarks]:
    """Landmarks for every count offered, per head.

    Shapes:
        features: (T, F) of each stream.

    Source: arXiv 2412.03214, section 3.3.
    """
    queries, keys = _projected(model, features, np.random.default_rng(seed))
    return {
        count: FixedLandmarks(_centers(queries, count, seed), _centers(keys, count, seed))
        for count in COUNTS
    }


@torch.no_grad()
def _projected(
    model: StreamClassifier, features: Sequence[NDArray[np.floating]], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Queries and keys (H, T, D) of random pieces at random phases of the encoding."""
    pieces, phases = [], []
    for _ in range(TOKENS // PIECE_TOKENS):
        stream = features[int(rng.integers(len(features)))]
        start = rng.integers(0, len(stream) - PIECE_TOKENS + 1)
        pieces.append(stream[start : start + PIECE_TOKENS].astype(np.float32))
        phases.append(int(rng.integers(model.config.position_period)))
    tokens = model.embed(torch.from_numpy(np.stack(pieces)), torch.tensor(phases))
    projected = model.attention.project(tokens, torch.float32)
    return (
        projected.queries.transpose(0, 1).flatten(1, 2),
        projected.keys.transpose(0, 1).flatten(1, 2),
    )


def _centers(points: Tensor, count: int, seed: int) -> Tensor:
    from sklearn.cluster import KMeans

    centers: list[NDArray[np.float32]] = [
        KMeans(count, n_init=2, random_state=seed).fit(head.numpy()).cluster_centers_
        for head in points
    ]
    return torch.from_numpy(np.stack(centers).astype(np.float32))

"""Fixed landmarks: k-means centers of projected queries and keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.models.classifier import StreamClassifier
from cla.models.task import FixedLandmarks

COUNTS = (2, 4, 8, 16, 32, 64)
TOKENS = 12_000
TOKENS_PER_LANDMARK = 4
"""Fewer say little of where a landmark should be."""
PIECE_TOKENS = 200


def fit_landmarks(
    model: StreamClassifier,
    features: Sequence[NDArray[np.floating]],
    seed: int = 0,
    tokens: int = TOKENS,
    counts: Sequence[int] = COUNTS,
    weights: Sequence[NDArray[np.floating]] | None = None,
    *,
    pairs: bool = False,
) -> dict[int, tuple[FixedLandmarks, ...]]:
    """Landmarks of each layer for every count offered, per head.

    Args:
        tokens: how many are drawn to fit them to.
        weights: how much each token counts; all the same if not given.
        pairs: centers are of queries and keys together, of the same tokens; else of each apart.

    Shapes:
        features: (T, F) of each stream.
        weights: (T,) of each stream.

    Source: arXiv 2412.03214, section 3.3.
    """
    if weights is None:
        weights = [np.ones(len(stream)) for stream in features]
    drawn = _drawn(model, features, weights, tokens, np.random.default_rng(seed))
    projected = _projected(model, drawn)
    return {
        count: tuple(_fitted(layer, drawn.weights, count, seed, pairs=pairs) for layer in projected)
        for count in counts
    }


class HeardLandmarks(Mapping[int, tuple[FixedLandmarks, ...]]):
    """Landmarks of tokens that a session has heard, fitted for a count when it is first asked for.

    The same tokens give the same landmarks, bit for bit.

    Shapes:
        heard: (T, F), oldest first
    """

    def __init__(
        self, model: StreamClassifier, heard: NDArray[np.floating], counts: Sequence[int]
    ) -> None:
        self._model, self._heard, self._counts = model, heard, counts
        self._fitted: dict[int, tuple[FixedLandmarks, ...]] = {}

    def __getitem__(self, count: int) -> tuple[FixedLandmarks, ...]:
        if count not in self._counts:
            raise KeyError(count)
        if count not in self._fitted:
            tokens = len(self._heard)
            found = fit_landmarks(
                self._model, [self._heard], tokens=tokens, counts=(count,), pairs=True
            )
            self._fitted.update(found)
        return self._fitted[count]

    def __iter__(self) -> Iterator[int]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)


class _Drawn(NamedTuple):
    """Random pieces of streams.

    Shapes:
        features: (P, T, F)
        phases: (P,), of the positional encoding at their first tokens
        weights: (P * T,)
    """

    features: Tensor
    phases: Tensor
    weights: NDArray[np.floating]


def _drawn(
    model: StreamClassifier,
    features: Sequence[NDArray[np.floating]],
    weights: Sequence[NDArray[np.floating]],
    tokens: int,
    rng: np.random.Generator,
) -> _Drawn:
    """Pieces at random phases; those that are whole streams begin at phase 0, as these do."""
    length = PIECE_TOKENS if model.config.num_layers == 1 else model.config.window
    length = min(length, *(len(stream) for stream in features))
    pieces, phases, counts = [], [], []
    for _ in range(max(1, tokens // length)):
        chosen = int(rng.integers(len(features)))
        stream = features[chosen]
        start = rng.integers(0, len(stream) - length + 1)
        pieces.append(stream[start : start + length].astype(np.float32))
        counts.append(weights[chosen][start : start + length])
        phase = int(rng.integers(model.config.position_period))
        phases.append(0 if length == len(stream) else phase)
    return _Drawn(torch.from_numpy(np.stack(pieces)), torch.tensor(phases), np.concatenate(counts))


@torch.no_grad()
def _projected(model: StreamClassifier, drawn: _Drawn) -> list[tuple[Tensor, Tensor]]:
    embedded = model.embed(drawn.features, drawn.phases)
    found = []
    for attention, given in zip(model.attentions, model.encoder.inputs(embedded), strict=True):
        projected = attention.project(given, torch.float32)
        found.append(
            (
                projected.queries.transpose(0, 1).flatten(1, 2),
                projected.keys.transpose(0, 1).flatten(1, 2),
            )
        )
    return found


def _fitted(
    projected: tuple[Tensor, Tensor],
    weights: NDArray[np.floating],
    count: int,
    seed: int,
    *,
    pairs: bool,
) -> FixedLandmarks:
    if pairs:
        size = projected[0].shape[-1]
        return FixedLandmarks(
            *_centers(torch.cat(projected, -1), weights, count, seed).split(size, -1)
        )
    queries, keys = (_centers(points, weights, count, seed) for points in projected)
    return FixedLandmarks(queries, keys)


def _centers(points: Tensor, weights: NDArray[np.floating], count: int, seed: int) -> Tensor:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "openmp"):  # sums of several threads have no order of their own
        centers: list[NDArray[np.float32]] = [
            KMeans(count, n_init=2, random_state=seed)
            .fit(head.numpy(), sample_weight=weights)
            .cluster_centers_
            for head in points
        ]
    return torch.from_numpy(np.stack(centers).astype(np.float32))

"""Queries, keys and values of some tokens, and of a stretch of a stream."""

from typing import NamedTuple

import torch
from torch import Tensor


class Projected(NamedTuple):
    """Queries and keys, scaled by D^(-1/4) each, and values of some tokens.

    Shapes:
        queries, keys, values: (B, H, T, D)
    """

    queries: Tensor
    keys: Tensor
    values: Tensor

    def span(self, start: int, stop: int | None = None) -> "Projected":
        """The tokens from `start` to before `stop`."""
        return Projected(*(part[..., start:stop, :] for part in self))


class Line(NamedTuple):
    """The last N tokens and the new ones, in order of time; the first `unseen` do not exist."""

    tokens: Projected
    unseen: int

    @property
    def length(self) -> int:
        return self.tokens.keys.shape[-2]


def with_ones(values: Tensor) -> Tensor:
    """Values with a column of ones, whose weighted sum is the softmax denominator."""
    return torch.cat([values, torch.ones_like(values[..., :1])], -1)

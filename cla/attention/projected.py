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


LARGEST = 2.0**60
"""Of a projection: products of larger numbers overflow in float32."""


def mark_bad(tokens: Projected) -> Projected:
    """The tokens; one with a number that is NaN or above `LARGEST` becomes NaN in every head.

    Every kind then gives NaN for as long as the token is in its window.
    """
    largest = torch.stack([part.detach().abs().amax((1, 3)) for part in tokens]).amax(0)
    good = largest <= LARGEST  # false for NaN
    if on_host(good) and bool(good.all()):
        return tokens
    wide = good[:, None, :, None]
    return Projected(*(torch.where(wide, part, torch.nan) for part in tokens))


def softmax_weights(queries: Tensor, keys: Tensor, unseen: Tensor | None = None) -> Tensor:
    """Softmax(Q K^T) of some queries; the weights of `unseen` tokens are zero.

    Shapes:
        queries: (..., R, D)
        keys: (..., T, D)
        unseen: bool, broadcasts to (..., R, T); none if not given
        returns: (..., R, T)
    """
    logits = queries @ keys.transpose(-1, -2)
    logits = logits if unseen is None else logits.masked_fill(unseen, -torch.inf)
    return logits.softmax(-1)


def pick(weights: Tensor, inside: Tensor, tokens: Tensor) -> Tensor:
    """weights @ tokens, in which a NaN token makes NaN only the rows whose window holds it.

    Shapes:
        weights: (..., R, T), zero outside
        inside: (R, T) or (..., R, T) bool
        tokens: (..., T, D)
    """
    bad = ~tokens.isfinite()
    if on_host(bad) and not bool(bad.any()):
        return weights @ tokens
    spoiled = inside.to(tokens.dtype) @ bad.to(tokens.dtype) > 0
    return (weights @ tokens.masked_fill(bad, 0)).masked_fill(spoiled, torch.nan)


def on_host(tensor: Tensor) -> bool:
    """Whether Python may look at numbers: a device or an exported graph is not waited for."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()


def with_ones(values: Tensor) -> Tensor:
    """Values with a column of ones, whose weighted sum is the softmax denominator."""
    return torch.cat([values, torch.ones_like(values[..., :1])], -1)

"""Softmax partial sums: merge associatively, so that a window slides without subtraction.

A partial sum over a set of tokens is (largest logit, sum of exp(logit - largest) * value); the
last value column is 1, so the last sum column is the softmax denominator. Merging two of them
never subtracts one exponential from another, hence neither drifts nor overflows.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class PartialSums(NamedTuple):
    """Partial sums of one or more sets of tokens; the leading axes are free.

    Shapes:
        largest: (..., 1)
        sums: (..., D + 1); the last column is the denominator.
    """

    largest: Tensor
    sums: Tensor


def empty_logit(dtype: torch.dtype) -> float:
    """A logit that weighs nothing against any real one, finite so that differences stay finite."""
    return torch.finfo(dtype).min / 4


def empty_sums(reference: Tensor, *shape: int) -> PartialSums:
    """Partial sums of no token at all; `shape` ends in D + 1."""
    return PartialSums(
        reference.new_full((*shape[:-1], 1), empty_logit(reference.dtype)),
        reference.new_zeros(shape),
    )


def merge(left: PartialSums, right: PartialSums) -> PartialSums:
    """Partial sums of the union of two disjoint sets; associative and commutative.

    The shift cancels in the quotient, so no gradient is lost by detaching it.
    """
    largest = torch.maximum(left.largest, right.largest).detach()
    left_weight = torch.exp(left.largest - largest)
    right_weight = torch.exp(right.largest - largest)
    return PartialSums(largest, left.sums * left_weight + right.sums * right_weight)


def merge_all(parts: PartialSums, dim: int) -> PartialSums:
    """Partial sums of the union of all sets along `dim`; the axis is removed."""
    largest = parts.largest.amax(dim, keepdim=True).detach()
    sums = (parts.sums * torch.exp(parts.largest - largest)).sum(dim)
    return PartialSums(largest.squeeze(dim), sums)


def sum_tokens(logits: Tensor, values: Tensor) -> PartialSums:
    """Partial sums of a whole run of tokens.

    Shapes:
        logits: (..., M, T)
        values: (..., T, D + 1)
        returns: largest (..., M, 1), sums (..., M, D + 1)
    """
    largest = logits.amax(-1, keepdim=True).detach()
    return PartialSums(largest, torch.exp(logits - largest) @ values)


def prefix_sums(leaves: PartialSums, dim: int) -> PartialSums:
    """Inclusive running merge along `dim`, in log2(T) vectorized rounds (Hillis and Steele)."""
    length = leaves.sums.shape[dim]
    result = leaves
    reach = 1
    while reach < length:
        kept = _narrow(result, dim, 0, reach)
        merged = merge(
            _narrow(result, dim, 0, length - reach), _narrow(result, dim, reach, length - reach)
        )
        result = PartialSums(
            torch.cat([kept.largest, merged.largest], dim), torch.cat([kept.sums, merged.sums], dim)
        )
        reach *= 2
    return result


def suffix_sums(leaves: PartialSums, dim: int) -> PartialSums:
    """Inclusive running merge along `dim` from its end."""
    flipped = PartialSums(leaves.largest.flip(dim), leaves.sums.flip(dim))
    result = prefix_sums(flipped, dim)
    return PartialSums(result.largest.flip(dim), result.sums.flip(dim))


def quotient(parts: PartialSums) -> Tensor:
    """Softmax-weighted mean of the values.

    Shapes:
        returns: (..., D)
    """
    return parts.sums[..., :-1] / parts.sums[..., -1:]


def _narrow(parts: PartialSums, dim: int, start: int, length: int) -> PartialSums:
    return PartialSums(
        parts.largest.narrow(dim, start, length), parts.sums.narrow(dim, start, length)
    )

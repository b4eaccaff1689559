"""Softmax partial sums: merge associatively, so that a window slides without subtraction.

A partial sum over a set of tokens is (shift, sum of exp(logit - shift) * value); the last value
column is 1, so the last sum column is the softmax denominator. Any shift near the largest logit
will do. Merging two of them never subtracts one exponential from another, hence neither drifts nor
overflows.
"""

from typing import NamedTuple

import torch
from torch import Tensor

NEAR = 300.0
"""Float64 sums of logits within it of 0 can share the shift 0: merging them is plain addition."""


class PartialSums(NamedTuple):
    """Partial sums of one or more sets of tokens; the leading axes are free.

    Shapes:
        shift: (..., 1)
        sums: (..., D + 1); the last column is the denominator.
    """

    shift: Tensor
    sums: Tensor


def empty_logit(dtype: torch.dtype) -> float:
    """A logit that weighs nothing against any real one, finite so that differences stay finite.

    One that float32 holds whatever the type: ONNX writes its constants in it.
    """
    return max(torch.finfo(dtype).min, torch.finfo(torch.float32).min) / 4


def blank(parts: PartialSums, mask: Tensor) -> PartialSums:
    """Empty the partial sums of those streams (leading axes) that are masked."""
    wide = mask.reshape(*mask.shape, *(1,) * (parts.sums.ndim - mask.ndim))
    return PartialSums(
        parts.shift.masked_fill(wide, empty_logit(parts.shift.dtype)),
        parts.sums.masked_fill(wide, 0),
    )


def plain(parts: PartialSums) -> PartialSums:
    """The same sums with shift 0 where it is near enough, as the kernels keep them (`NEAR`)."""
    if parts.shift.dtype != torch.float64:
        return parts
    near = parts.shift.abs() < NEAR
    shift = parts.shift.masked_fill(near, 0)
    return PartialSums(shift, parts.sums * torch.exp(parts.shift - shift))


def merge(left: PartialSums, right: PartialSums) -> PartialSums:
    """Partial sums of the union of two disjoint sets; associative and commutative.

    The shift cancels in the quotient, so no gradient is lost by detaching it.
    """
    shift = torch.maximum(left.shift, right.shift).detach()
    left_weight = torch.exp(left.shift - shift)
    right_weight = torch.exp(right.shift - shift)
    return PartialSums(shift, left.sums * left_weight + right.sums * right_weight)


def merge_all(parts: PartialSums, dim: int) -> PartialSums:
    """Partial sums of the union of all sets along `dim`; the axis is removed."""
    shift = parts.shift.amax(dim, keepdim=True).detach()
    sums = (parts.sums * torch.exp(parts.shift - shift)).sum(dim)
    return PartialSums(shift.squeeze(dim), sums)


def sum_tokens(logits: Tensor, values: Tensor) -> PartialSums:
    """Partial sums of a whole run of tokens.

    Shapes:
        logits: (..., M, T)
        values: (..., T, D + 1)
        returns: shift (..., M, 1), sums (..., M, D + 1)
    """
    shift = logits.amax(-1, keepdim=True).detach()
    return PartialSums(shift, torch.exp(logits - shift) @ values)


def suffix_sums(leaves: PartialSums, dim: int) -> PartialSums:
    """Merge of each set with all behind it along `dim`, in log2(T) vectorized rounds.

    Source: the parallel scan of Hillis and Steele (1986).
    """
    length, reach = leaves.sums.shape[dim], 1
    result = leaves
    while reach < length:
        ahead = _narrow(result, dim, reach, length - reach)
        merged = merge(_narrow(result, dim, 0, length - reach), ahead)
        last = _narrow(result, dim, length - reach, reach)
        result = PartialSums(*(torch.cat(pair, dim) for pair in zip(merged, last, strict=True)))
        reach *= 2
    return result


def quotient(parts: PartialSums) -> Tensor:
    """Softmax-weighted mean of the values.

    Shapes:
        returns: (..., D)
    """
    return parts.sums[..., :-1] / parts.sums[..., -1:]


def _narrow(parts: PartialSums, dim: int, start: int, length: int) -> PartialSums:
    return PartialSums(
        parts.shift.narrow(dim, start, length), parts.sums.narrow(dim, start, length)
    )

"""Landmarks: means of segments, and the pseudo-inverse of their own attention."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig, PseudoInverse
from cla.attention.cuts import segments
from cla.attention.projected import Projected
from cla.attention.pseudo_inverse import pseudo_inverse


class Landmarks(NamedTuple):
    """Landmarks in use, in the order of their segments in the cycle, and gamma's inverse.

    Shapes:
        queries, keys: (B, H, M, D), scaled
        gamma_inv: (B, H, M, M)
    """

    queries: Tensor
    keys: Tensor
    gamma_inv: Tensor


def make_landmarks(queries: Tensor, keys: Tensor, method: PseudoInverse) -> Landmarks:
    """Landmarks with the pseudo-inverse of gamma = softmax(Q~ K~^T).

    Shapes:
        queries, keys: (..., M, D)
    """
    gamma = (queries @ keys.transpose(-1, -2)).softmax(-1)
    return Landmarks(queries, keys, pseudo_inverse(gamma, method))


def segment_means(tokens: Tensor, num_landmarks: int) -> Tensor:
    """Landmarks of a run of tokens: the mean of each segment.

    Shapes:
        tokens: (..., T, D)
        returns: (..., min(M, T), D)
    """
    cuts = segments(tokens.shape[-2], num_landmarks)
    split = cuts.longer_count * (cuts.shorter + 1)
    parts = [_means(tokens[..., split:, :], cuts.count - cuts.longer_count)]
    if cuts.longer_count:
        parts.insert(0, _means(tokens[..., :split, :], cuts.longer_count))
    return torch.cat(parts, -2)


def _means(tokens: Tensor, count: int) -> Tensor:
    """Means of `count` segments of equal length."""
    split: Tensor = tokens.unflatten(-2, (count, tokens.shape[-2] // count))
    return split.mean(-2)


def segment_weights(seen: Tensor, num_landmarks: int, window: int, dtype: torch.dtype) -> Tensor:
    """What averages the first `seen` of N tokens to landmarks, each stream with a count of its own.

    Shapes:
        seen: (B,), tokens of each stream; with fewer than M the later rows are zero
        returns: (B, M, N)
    """
    count = seen.clamp(min=1, max=num_landmarks)[:, None]
    shorter, longer_count = seen[:, None] // count, seen[:, None] % count
    place = torch.arange(window, device=seen.device)
    split = longer_count * (shorter + 1)
    part = torch.where(
        place < split,
        place // (shorter + 1),
        longer_count + (place - split) // shorter.clamp(min=1),
    )
    rows = torch.arange(num_landmarks, device=seen.device)[:, None]
    member = (part[:, None] == rows) & (place < seen[:, None])[:, None]
    weights = member.to(dtype)
    return weights / weights.sum(-1, keepdim=True).clamp(min=1)


def window_landmarks(tokens: Projected, config: AttentionConfig) -> Landmarks:
    """Landmarks cut from a window of tokens.

    Shapes:
        tokens: (B, H, T, D)
    """
    return make_landmarks(
        segment_means(tokens.queries, config.landmarks),
        segment_means(tokens.keys, config.landmarks),
        config.pseudo_inverse,
    )


def low_rank(tokens: Projected, landmarks: Landmarks, unseen: Tensor | None = None) -> Tensor:
    """Softmax(Q K~^T) gamma^+ (softmax(Q~ K^T) V); of delta, what is `unseen` has no weight.

    Shapes:
        tokens: (..., R, D) queries, (..., T, D) keys and values
        unseen: broadcasts to (..., M, T)
        returns: (..., R, D)
    """
    delta = landmarks.queries @ tokens.keys.transpose(-1, -2)
    delta = delta if unseen is None else delta.masked_fill(unseen, -torch.inf)
    beta = (tokens.queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    mixed = delta.softmax(-1) @ tokens.values
    if beta.shape[-2] == 1:
        return beta @ landmarks.gamma_inv @ mixed
    return beta @ (landmarks.gamma_inv @ mixed)


def context_of_window(tokens: Projected, config: AttentionConfig, *, newest: bool) -> Tensor:
    """The product of whole windows, landmarks and all: all rows, or the newest alone.

    With no more tokens than landmarks each would be a landmark of its own and gamma the attention
    itself: the product is exact attention, and is computed as such.

    Shapes:
        tokens: (..., T, D)
        returns: (..., T, D), or (..., 1, D)
    """
    rows = tokens.queries[..., -1:, :] if newest else tokens.queries
    shown = tokens._replace(queries=rows)
    if tokens.keys.shape[-2] <= config.landmarks:
        return (rows @ tokens.keys.transpose(-1, -2)).softmax(-1) @ tokens.values
    return low_rank(shown, window_landmarks(tokens, config))

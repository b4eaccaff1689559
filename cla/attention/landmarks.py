"""Landmarks: means of segments, and the pseudo-inverse of their own attention."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig, PseudoInverse
from cla.attention.cuts import segments
from cla.attention.projected import Projected, softmax_weights
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
    gamma = softmax_weights(queries, keys)
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


def window_landmarks(
    tokens: Projected, config: AttentionConfig, seen: Tensor | None = None
) -> Landmarks:
    """Landmarks cut from a window: of all its tokens, or the first `seen` (B,) in order of time.

    Rows and columns of landmarks that cannot be there yet are zero.

    Shapes:
        tokens: (..., T, D), or (B, H, N, D) of which some exist
    """
    if seen is None:
        queries, keys = (segment_means(part, config.landmarks) for part in tokens[:2])
        return make_landmarks(queries, keys, config.pseudo_inverse)
    weights = segment_weights(seen, config.landmarks, tokens.keys.shape[2], tokens.keys.dtype)
    queries, keys = (weights[:, None] @ part for part in (tokens.queries, tokens.keys))
    unused = torch.arange(config.landmarks, device=seen.device) >= seen[:, None]
    gamma = softmax_weights(queries, keys, unused[:, None, None])
    gamma = gamma.masked_fill(unused[:, None, :, None], 0)
    return Landmarks(queries, keys, pseudo_inverse(gamma, config.pseudo_inverse))


def stream_landmarks(
    tokens: Projected, config: AttentionConfig, seen: int
) -> tuple[Tensor, Tensor]:
    """Continual landmarks of a stream that ends in `tokens`.

    The segment being filled is represented by its mean of the cycle before, of which some tokens
    have left the window: exact where `tokens` reaches back to its start (`receptive_field`).

    Shapes:
        tokens: (B, H, T, D), T >= N
        returns: query and key landmarks (B, H, M, D)
    """
    length = tokens.keys.shape[-2]
    slot = seen % config.window
    if slot == 0:
        cycle = tokens.span(length - config.window)
        return segment_means(cycle.queries, config.landmarks), segment_means(
            cycle.keys, config.landmarks
        )
    means: list[tuple[Tensor, Tensor]] = []
    cuts = segments(config.window, config.landmarks)
    for start, end in zip(cuts.starts, cuts.ends, strict=True):
        cycle_start = length - slot if end <= slot else length - slot - config.window
        segment = tokens.span(max(cycle_start + start, 0), cycle_start + end)
        means.append((segment.queries.mean(-2), segment.keys.mean(-2)))
    queries, keys = zip(*means, strict=True)
    return torch.stack(queries, -2), torch.stack(keys, -2)

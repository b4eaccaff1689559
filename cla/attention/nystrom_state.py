"""State of continual Nyström attention, and how it is built from projected tokens."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig, PseudoInverse
from cla.attention.full import to_ring
from cla.attention.layer import Projected
from cla.attention.partial_sums import empty_logit
from cla.attention.pseudo_inverse import pseudo_inverse
from cla.attention.segments import segment_lengths, segment_means
from cla.attention.window_sums import WindowSums, build_window


class Landmarks(NamedTuple):
    """Landmarks in use, in the order of their segments in the cycle, and gamma's inverse.

    Shapes:
        queries, keys: (B, H, M, D), scaled
        gamma_inv: (B, H, M, M)
    """

    queries: Tensor
    keys: Tensor
    gamma_inv: Tensor


class NystromState(NamedTuple):
    """All that a stream carries; floating-point fields are of the accumulation type.

    Shapes:
        valid_tokens: (B,) int64 on the CPU, tokens the window holds, <= N
        slot: (B,) int64 on the CPU, ring place of the next token
        queries: (B, H, N, D) ring with continual landmarks, (B, H, 0, D) with fixed ones
        keys: (B, H, N, D) ring
        values: (B, H, N, D + 1) ring; the last column is 1 where a token was seen
        landmarks, sums: see there
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor
    landmarks: Landmarks
    sums: WindowSums


def with_ones(values: Tensor) -> Tensor:
    """Values with a column of ones, whose weighted sum is the softmax denominator."""
    return torch.cat([values, torch.ones_like(values[..., :1])], -1)


def make_landmarks(queries: Tensor, keys: Tensor, method: PseudoInverse) -> Landmarks:
    """Landmarks with the pseudo-inverse of gamma = softmax(Q~ K~^T).

    Shapes:
        queries, keys: (..., M, D)
    """
    gamma = (queries @ keys.transpose(-1, -2)).softmax(-1)
    return Landmarks(queries, keys, pseudo_inverse(gamma, method))


def segment_ends(config: AttentionConfig) -> list[int]:
    """Cycle place after each landmark segment."""
    lengths = segment_lengths(config.window, config.landmarks)
    return [sum(lengths[: index + 1]) for index in range(len(lengths))]


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
    start = 0
    for end in segment_ends(config):
        cycle_start = length - slot if end <= slot else length - slot - config.window
        segment = tokens.span(max(cycle_start + start, 0), cycle_start + end)
        means.append((segment.queries.mean(-2), segment.keys.mean(-2)))
        start = end
    queries, keys = zip(*means, strict=True)
    return torch.stack(queries, -2), torch.stack(keys, -2)


def build_state(
    tokens: Projected, landmarks: Landmarks, config: AttentionConfig, seen: int
) -> NystromState:
    """State after a stream of `seen` tokens that ends in `tokens`, with the landmarks given.

    Shapes:
        tokens: (B, H, T, D), T >= min(seen, N)
    """
    window = config.window
    valid, slot = min(seen, window), seen % window
    batch = tokens.keys.shape[0]
    queries, keys, values = (
        to_ring(part[..., -valid:, :], window, slot)
        for part in (tokens.queries, tokens.keys, with_ones(tokens.values))
    )
    return NystromState(
        torch.full((batch,), valid, dtype=torch.int64),
        torch.full((batch,), slot, dtype=torch.int64),
        queries if keeps_queries(config) else queries[:, :, :0],
        keys,
        values,
        landmarks,
        build_window(window_logits(landmarks.queries, keys, valid), values, slot),
    )


def keeps_queries(config: AttentionConfig) -> bool:
    """Whether landmarks are made from the stream's own queries."""
    return config.landmark_mode == "continual"


def window_logits(query_landmarks: Tensor, keys: Tensor, valid: int) -> Tensor:
    """Logits of a ring whose first `valid` places hold tokens (all of them after one cycle).

    Shapes:
        query_landmarks: (B, H, M, D)
        keys: (B, H, N, D)
        returns: (B, H, M, N)
    """
    logits = query_landmarks @ keys.transpose(-1, -2)
    unseen = torch.arange(keys.shape[-2], device=keys.device) >= valid
    return logits.masked_fill(unseen, empty_logit(logits.dtype))

"""State of continual Nyström attention, and how it is built from projected tokens."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.landmarks import Landmarks
from cla.attention.projected import Projected, with_ones
from cla.attention.rings import column_stride, to_ring
from cla.attention.window_sums import build_table


class NystromState(NamedTuple):
    """All that a stream carries; floating-point fields are of the accumulation type.

    Shapes:
        valid_tokens: (B,) int64, tokens the window holds, <= N
        slot: (B,) int64, ring place of the next token
        queries: (B, H, N, D) ring with continual landmarks or retroactive rows, else the newest
            alone, (B, H, 1, D)
        keys: (B, H, N, D) ring
        values: (B, H, N, D + 1) ring; the last column is 1 where a token was seen
        query_landmarks, key_landmarks: (B, H, D, M), side by side, as compiled loops take them
        gamma_inv: (B, H, M, M)
        sums: (B, R, H, D + 1, M), see `window_sums`
        betas: (B, H, M, `column_stride`) ring of the columns of softmax(Q K~^T) if retroactive,
            else (B, H, M, 0)
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor
    query_landmarks: Tensor
    key_landmarks: Tensor
    gamma_inv: Tensor
    sums: Tensor
    betas: Tensor

    @property
    def window(self) -> int:
        """N."""
        return self.keys.shape[2]

    @property
    def landmarks(self) -> Landmarks:
        """The landmarks in use, as views of the state."""
        return Landmarks(self.query_landmarks.mT, self.key_landmarks.mT, self.gamma_inv)


def build_state(
    tokens: Projected, landmarks: Landmarks, config: AttentionConfig, seen: int
) -> NystromState:
    """State after a stream of `seen` tokens that ends in `tokens`, with the landmarks given.

    Shapes:
        tokens: (B, H, T, D), T >= min(seen, N)
    """
    window = config.window
    valid, slot = min(seen, window), seen % window
    batch, length = tokens.keys.shape[0], tokens.keys.shape[-2]
    device = tokens.keys.device
    queries, keys, values = (
        to_ring(part[..., length - valid :, :], window, slot)
        for part in (tokens.queries, tokens.keys, with_ones(tokens.values))
    )
    slots = torch.full((batch,), slot, dtype=torch.int64, device=device)
    betas = ring_of_betas(landmarks.keys, queries)
    return NystromState(
        torch.full((batch,), valid, dtype=torch.int64, device=device),
        slots,
        queries if keeps_queries(config) else tokens.queries[:, :, -1:].clone(),
        keys,
        values,
        landmarks.queries.mT.contiguous(),
        landmarks.keys.mT.contiguous(),
        landmarks.gamma_inv,
        build_table(landmarks.queries, keys, values, slots),
        betas if config.retroactive else betas[..., :0].clone(),
    )


def ring_of_betas(key_landmarks: Tensor, queries: Tensor) -> Tensor:
    """Betas of a ring of queries, as a state holds them."""
    betas = (key_landmarks @ queries.transpose(-1, -2)).softmax(-2)
    window = queries.shape[-2]
    return torch.nn.functional.pad(betas, (0, column_stride(window) - window))


def follows_stream(config: AttentionConfig) -> bool:
    """Whether landmarks are made from the stream's own tokens."""
    return config.landmark_mode == "continual"


def keeps_queries(config: AttentionConfig) -> bool:
    """Whether queries of the window are needed again, for landmarks or for older rows."""
    return follows_stream(config) or config.retroactive

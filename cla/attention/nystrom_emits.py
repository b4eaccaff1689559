"""The three factors of low-rank attention as shown: in window order, padded on the left."""

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.emits import NystromEmits, pad_left
from cla.attention.landmarks import Landmarks
from cla.attention.projected import Projected
from cla.attention.rings import roll_streams


def low_rank_emits(
    queries: Tensor, keys: Tensor, landmarks: Landmarks, config: AttentionConfig
) -> NystromEmits:
    """The factors of a window whose tokens are in order; zeros for what has not been seen.

    Shapes:
        queries: (B, H, R, D)
        keys: (B, H, T, D)
    """
    window, count = config.window, config.landmarks
    beta = (queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    delta = (landmarks.queries @ keys.transpose(-1, -2)).softmax(-1)
    rows = 1 if queries.shape[-2] == 1 else window
    return NystromEmits(
        pad_left(beta, rows, count),
        pad_left(landmarks.gamma_inv, count, count),
        pad_left(delta, count, window),
        pad_left(landmarks.queries, count, config.head_dim),
        pad_left(landmarks.keys, count, config.head_dim),
    )


def fixed_emits(query: Tensor, keys: Tensor, landmarks: Landmarks, seen: Tensor) -> NystromEmits:
    """As `stream_emits`, with landmarks that all count, however few tokens have been seen.

    Shapes:
        query: (B, H, 1, D)
        keys: (B, H, N, D) in order of time, of which the first `seen` (B,) exist
    """
    beta = (query @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    delta = _delta(landmarks.queries, keys, seen)
    return NystromEmits(
        beta,
        landmarks.gamma_inv,
        roll_streams(delta, keys.shape[2] - seen, 3),
        landmarks.queries,
        landmarks.keys,
    )


def stream_emits(
    query: Tensor, ordered: Projected, landmarks: Landmarks, seen: Tensor
) -> NystromEmits:
    """The factors of each stream's newest token, when streams have seen different numbers.

    Shapes:
        query: (B, H, 1, D)
        ordered: (B, H, N, D) tokens in order of time, of which the first `seen` (B,) exist
    """
    window, count = ordered.keys.shape[2], landmarks.keys.shape[2]
    used = seen.clamp(max=count)
    unused = (torch.arange(count, device=seen.device) >= used[:, None])[:, None]
    beta_logits = query @ landmarks.keys.transpose(-1, -2)
    beta = beta_logits.masked_fill(unused[:, :, None], -torch.inf).softmax(-1)
    delta = _delta(landmarks.queries, ordered.keys, seen).masked_fill(unused[..., None], 0)
    inverse = landmarks.gamma_inv.masked_fill(unused[..., None] | unused[:, :, None], 0)
    shift = count - used
    return NystromEmits(
        roll_streams(beta, shift, 3),
        roll_streams(roll_streams(inverse, shift, 3), shift, 2),
        roll_streams(roll_streams(delta, window - seen, 3), shift, 2),
        roll_streams(landmarks.queries, shift, 2),
        roll_streams(landmarks.keys, shift, 2),
    )


def _delta(queries: Tensor, keys: Tensor, seen: Tensor) -> Tensor:
    """Delta in which tokens behind the first `seen` have no weight."""
    unseen = torch.arange(keys.shape[2], device=seen.device) >= seen[:, None]
    logits = queries @ keys.transpose(-1, -2)
    return logits.masked_fill(unseen[:, None, None], -torch.inf).softmax(-1)

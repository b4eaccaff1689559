"""The low-rank product, beta gamma^+ (delta V), of whole windows, and its factors as shown."""

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.emits import NystromEmits
from cla.attention.landmarks import Landmarks, window_landmarks
from cla.attention.projected import Projected, softmax_weights
from cla.attention.rings import in_window_order, roll_streams, unseen_places


def mix(queries: Tensor, landmarks: Landmarks, delta_values: Tensor) -> Tensor:
    """Softmax(Q K~^T) gamma^+ (delta V).

    Shapes:
        queries: (..., R, D)
        delta_values: (..., M, D)
        returns: (..., R, D)
    """
    beta = softmax_weights(queries, landmarks.keys)
    if beta.shape[-2] == 1:
        return beta @ landmarks.gamma_inv @ delta_values
    return beta @ (landmarks.gamma_inv @ delta_values)


def low_rank(
    rows: Tensor, tokens: Projected, landmarks: Landmarks, unseen: Tensor | None = None
) -> Tensor:
    """Some rows of the product over a window; of delta, what is `unseen` has no weight.

    Shapes:
        rows: queries (..., R, D)
        tokens: (..., T, D)
        unseen: broadcasts to (..., M, T)
        returns: (..., R, D)
    """
    delta = softmax_weights(landmarks.queries, tokens.keys, unseen)
    return mix(rows, landmarks, delta @ tokens.values)


def low_rank_window(
    rows: Tensor, tokens: Projected, config: AttentionConfig, seen: Tensor | None = None
) -> Tensor:
    """Some rows of the product over a window that is cut into landmarks of its own.

    With no more tokens than landmarks each would be a landmark of its own and gamma the attention
    itself: the product is exact attention, and is computed as such.

    Args:
        seen: (B,), so many of the first tokens exist, in order of time; all of them if not given.

    Shapes:
        rows: queries (..., R, D)
        tokens: (..., T, D), or (B, H, N, D) of which some exist
        returns: (..., R, D)
    """
    few = config.landmarks
    if seen is None:
        if tokens.keys.shape[-2] <= few:
            return softmax_weights(rows, tokens.keys) @ tokens.values
        return low_rank(rows, tokens, window_landmarks(tokens, config))
    unseen = unseen_places(seen, tokens.keys.shape[2])
    product = low_rank(rows, tokens, window_landmarks(tokens, config, seen), unseen)
    first = tokens.span(0, few)
    exact = softmax_weights(rows, first.keys, unseen[..., :few]) @ first.values
    return torch.where((seen <= few)[:, None, None, None], exact, product)


def factors(
    rows: Tensor, tokens: Projected, landmarks: Landmarks, seen: Tensor, used: Tensor | None = None
) -> NystromEmits:
    """The three factors of some rows as shown: in window order, zero on the left what is unseen.

    Args:
        used: (B,), so many of the landmarks are there yet; all of them if not given.

    Shapes:
        rows: (B, H, 1, D) of the newest token, or (B, H, N, D) in order of time
        tokens: (B, H, N, D) in order of time, of which the first `seen` (B,) exist
    """
    window, count = tokens.keys.shape[2], landmarks.keys.shape[2]
    logits = rows @ landmarks.keys.transpose(-1, -2)
    delta = softmax_weights(landmarks.queries, tokens.keys, unseen_places(seen, window))
    delta = roll_streams(delta, window - seen, 3)
    if used is None:
        return NystromEmits(
            in_window_order(logits.softmax(-1), seen), landmarks.gamma_inv, delta, *landmarks[:2]
        )
    unused = unseen_places(used, count)
    beta = logits.masked_fill(unused, -torch.inf).softmax(-1)
    inverse = landmarks.gamma_inv.masked_fill(unused | unused.mT, 0)
    shift = count - used
    return NystromEmits(
        roll_streams(in_window_order(beta, seen), shift, 3),
        roll_streams(roll_streams(inverse, shift, 3), shift, 2),
        roll_streams(delta.masked_fill(unused.mT, 0), shift, 2),
        roll_streams(landmarks.queries, shift, 2),
        roll_streams(landmarks.keys, shift, 2),
    )

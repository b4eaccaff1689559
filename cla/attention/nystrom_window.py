"""Nyström attention of the newest token of a whole window: batch form and warm-up."""

from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.layer import Projected
from cla.attention.nystrom_state import Landmarks, make_landmarks, with_ones
from cla.attention.partial_sums import quotient, sum_tokens
from cla.attention.segments import segment_means


def window_landmarks(tokens: Projected, config: AttentionConfig) -> Landmarks:
    """Landmarks cut from the window itself.

    Shapes:
        tokens: (B, H, T, D)
    """
    return make_landmarks(
        segment_means(tokens.queries, config.landmarks),
        segment_means(tokens.keys, config.landmarks),
        config.pseudo_inverse,
    )


def attend_window(
    tokens: Projected, config: AttentionConfig, landmarks: Landmarks | None
) -> Tensor:
    """Context of the newest token; without `landmarks` the window is cut into its own.

    With no more tokens than landmarks each token is its own landmark, gamma is the attention
    itself and the product is exact attention; it is computed as such.

    Shapes:
        tokens: (B, H, T, D)
        returns: (B, H, 1, D)
    """
    newest = tokens.queries[..., -1:, :]
    if landmarks is None:
        if tokens.keys.shape[-2] <= config.landmarks:
            return (newest @ tokens.keys.transpose(-1, -2)).softmax(-1) @ tokens.values
        landmarks = window_landmarks(tokens, config)
    beta = (newest @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    logits = landmarks.queries @ tokens.keys.transpose(-1, -2)
    return beta @ landmarks.gamma_inv @ quotient(sum_tokens(logits, with_ones(tokens.values)))

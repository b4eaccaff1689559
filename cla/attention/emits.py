"""What an attention layer can show of itself, in window order (oldest token first)."""

from typing import NamedTuple

from torch import Tensor


class FullEmits(NamedTuple):
    """Attention rows; R = 1 (the newest token) from a step, R = N for a whole window.

    Shapes:
        attention: (B, H, R, N); zero on the left while the window is not full.
    """

    attention: Tensor


class NystromEmits(NamedTuple):
    """The three factors and the landmarks; R as in `FullEmits`; zero, on the left, what is unseen.

    Shapes:
        beta: (B, H, R, M)
        gamma_inv: (B, H, M, M)
        delta: (B, H, M, N)
        query_landmarks, key_landmarks: (B, H, M, D), scaled, oldest first if continual
    """

    beta: Tensor
    gamma_inv: Tensor
    delta: Tensor
    query_landmarks: Tensor
    key_landmarks: Tensor


def attention_map(emits: FullEmits | NystromEmits) -> Tensor:
    """The attention that the emits imply; that of low rank may hold negative entries.

    Shapes:
        returns: (B, H, R, N)
    """
    if isinstance(emits, FullEmits):
        return emits.attention
    return emits.beta @ emits.gamma_inv @ emits.delta


def attention_row(emits: FullEmits | NystromEmits) -> Tensor:
    """The newest token's attention over the window.

    Shapes:
        returns: (B, H, N)
    """
    if isinstance(emits, FullEmits):
        return emits.attention[..., -1, :]
    return (emits.beta[..., -1:, :] @ emits.gamma_inv @ emits.delta).squeeze(-2)

"""The reference: each attention system as its definition, in float64, slow and obvious.

Read this first. Every fast path is tested against these functions. All take projected and scaled
queries and keys (see `AttentionLayer.project`), so that `query @ key` is the logit.
"""

import torch
from torch import Tensor

from cla.attention.pseudo_inverse import SINGULAR_VALUE_CUTOFF


def full_attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Softmax(Q K^T) V.

    Shapes:
        queries: (..., R, D)
        keys, values: (..., T, D)
        returns: (..., R, D) float64
    """
    logits = queries.double() @ keys.double().transpose(-1, -2)
    return logits.softmax(-1) @ values.double()


def nystrom_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    query_landmarks: Tensor,
    key_landmarks: Tensor,
    gamma_inv: Tensor | None = None,
) -> Tensor:
    """Nyström attention of the rows `query`, with the landmarks given.

    Shapes:
        query: (..., R, D)
        keys, values: (..., T, D)
        query_landmarks, key_landmarks: (..., M, D)
        gamma_inv: (..., M, M); computed from the landmarks when not given
        returns: (..., R, D) float64

    Source: arXiv 2412.03214, section 3; arXiv 2102.03902, equation 13.
    """
    keys, query_landmarks = keys.double(), query_landmarks.double()
    key_landmarks = key_landmarks.double()
    beta = (query.double() @ key_landmarks.transpose(-1, -2)).softmax(-1)
    delta = (query_landmarks @ keys.transpose(-1, -2)).softmax(-1)
    if gamma_inv is None:
        gamma = (query_landmarks @ key_landmarks.transpose(-1, -2)).softmax(-1)
        gamma_inv = torch.linalg.pinv(gamma, rtol=SINGULAR_VALUE_CUTOFF)
    return beta @ gamma_inv.double() @ (delta @ values.double())


def continual_landmarks(tokens: Tensor, window: int, num_landmarks: int) -> Tensor:
    """Landmarks after a stream of T tokens: per segment of the cycle its latest complete mean.

    While fewer than `window` tokens have been seen, the tokens seen are cut instead; with no more
    than M of them each is its own landmark.

    Shapes:
        tokens: (..., T, D), the whole stream
        returns: (..., min(M, T), D) float64

    Source: arXiv 2412.03214, section 3.2.
    """
    tokens = tokens.double()
    seen = tokens.shape[-2]
    cycle = min(window, seen)
    count = min(num_landmarks, seen)
    landmarks = []
    start = 0
    for index in range(count):
        end = start + cycle // count + (index < cycle % count)
        complete_cycles = (seen - end) // cycle
        offset = complete_cycles * cycle
        landmarks.append(tokens[..., offset + start : offset + end, :].mean(-2))
        start = end
    return torch.stack(landmarks, -2)

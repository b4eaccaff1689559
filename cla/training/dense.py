"""Every token of many at once, differentiable, for less than a scan takes; of lanes with one layer.

Both equal stepping.
"""

import torch
from torch import Tensor
from torch.nn import functional

from cla.attention.landmarks import window_landmarks
from cla.attention.low_rank import low_rank
from cla.attention.projected import Projected
from cla.models import StreamClassifier


def full_logits(lane: StreamClassifier, features: Tensor, start: Tensor) -> Tensor:
    """Logits of each token of streams that begin here, under full attention.

    Shapes:
        features: (B, T, F)
        start: (B,) int64, phase of the first token
        returns: (B, T, C)
    """
    tokens, projected = _projected(lane, features, start)
    # Where all tokens lie within the window no mask is needed, and half of the scores are not made.
    causal = tokens.shape[1] <= lane.config.window
    band = None if causal else _band(lane, tokens).bool()
    context = functional.scaled_dot_product_attention(
        *projected, attn_mask=band, is_causal=causal, scale=1.0
    )
    return _completed(lane, tokens, context)


def fixed_logits(lane: StreamClassifier, features: Tensor, start: Tensor) -> Tensor:
    """The same under fixed landmarks, which have been set.

    Beta gamma^+ delta of a window is one row of weights over its tokens, so the rows of all
    windows are a band of a T x T matrix.
    """
    tokens, projected = _projected(lane, features, start)
    (layer,) = lane.encoder
    landmarks = layer.attention.given.landmarks(projected.keys)
    band = _band(lane, tokens)
    beta = (projected.queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    scores = landmarks.queries @ projected.keys.transpose(-1, -2)
    # (B, H, M, T), each divided below by its sum over the window of the token that reads it.
    shares = (scores - scores.amax(-1, keepdim=True)).exp()
    sums = shares @ band.T
    rows = ((beta @ landmarks.gamma_inv) / sums.transpose(-1, -2)) @ shares
    return _completed(lane, tokens, (rows * band) @ projected.values)


def _projected(lane: StreamClassifier, features: Tensor, start: Tensor) -> tuple[Tensor, Projected]:
    (layer,) = lane.encoder
    tokens = lane.embed(features, start)
    return tokens, layer.attention.project(tokens, tokens.dtype)


def _completed(lane: StreamClassifier, tokens: Tensor, context: Tensor) -> Tensor:
    (layer,) = lane.encoder
    logits: Tensor = lane.head(layer.complete(tokens, layer.attention.merge_heads(context)))
    return logits


def _band(lane: StreamClassifier, tokens: Tensor) -> Tensor:
    """One where a token (column) lies in the window of another (row), (T, T)."""
    length = tokens.shape[1]
    band = torch.ones(length, length, dtype=tokens.dtype, device=tokens.device).tril()
    return band - band.tril(-lane.config.window)


def lagging_logits(lane: StreamClassifier, features: Tensor, start: Tensor, lag: int) -> Tensor:
    """Logits of the newest token, under continual landmarks that were complete `lag` tokens ago.

    A step between ticks gives the same when M divides N; of a lane with one layer.

    Shapes:
        features: (B, N + lag, F)
        start: (B,) int64, phase of the first token
        returns: (B, C)
    """
    window = lane.config.window
    (layer,) = lane.encoder
    attention = layer.attention
    tokens = lane.embed(features, start)
    projected = attention.project(tokens, attention.kind.state_dtype(tokens.dtype))
    landmarks = window_landmarks(projected.span(0, window), attention.config)
    attended = projected.span(lag)
    context = low_rank(attended.queries[..., -1:, :], attended, landmarks)
    logits: Tensor = lane.head(layer.complete(tokens[:, -1], attention.finish(context)))
    return logits

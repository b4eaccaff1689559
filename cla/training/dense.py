"""Every token of many under fixed landmarks at once, for the price of full attention."""

from torch import Tensor

from cla.models import StreamClassifier


def fixed_logits(lane: StreamClassifier, features: Tensor, start: Tensor) -> Tensor:
    """Logits of each token of streams that begin here, differentiable; of a lane with one layer.

    Beta gamma^+ delta of a window is one row of weights over its tokens, so the rows of all
    windows are a band of a T x T matrix. Equals stepping, as `scan` does, which takes longer where
    there are many landmarks.

    Args:
        lane: with fixed landmarks, which have been set.

    Shapes:
        features: (B, T, F)
        start: (B,) int64, phase of the first token
        returns: (B, T, C)
    """
    (layer,) = lane.encoder
    attention = layer.attention
    tokens = lane.embed(features, start)
    projected = attention.project(tokens, attention.kind.state_dtype(tokens.dtype))
    landmarks = attention.given.landmarks(projected.keys)
    length = tokens.shape[1]
    band = projected.keys.new_ones(length, length).tril()
    band -= band.tril(-lane.config.window)
    beta = (projected.queries @ landmarks.keys.transpose(-1, -2)).softmax(-1)
    scores = landmarks.queries @ projected.keys.transpose(-1, -2)
    # (B, H, M, T), each divided below by its sum over the window of the token that reads it.
    shares = (scores - scores.amax(-1, keepdim=True)).exp()
    sums = shares @ band.T
    rows = ((beta @ landmarks.gamma_inv) / sums.transpose(-1, -2)) @ shares
    context = (rows * band) @ projected.values
    logits: Tensor = lane.head(layer.complete(tokens, attention.merge_heads(context)))
    return logits

"""How a run of tokens is cut into landmark segments."""

import torch
from torch import Tensor


def segment_lengths(num_tokens: int, num_landmarks: int) -> list[int]:
    """Lengths of the M segments of `num_tokens` tokens, the longer ones first.

    With fewer tokens than landmarks each token is its own segment.
    """
    count = min(num_tokens, num_landmarks)
    shorter, longer_count = divmod(num_tokens, count)
    return [shorter + 1] * longer_count + [shorter] * (count - longer_count)


def segment_means(tokens: Tensor, num_landmarks: int) -> Tensor:
    """Landmarks: the mean of each segment.

    Shapes:
        tokens: (..., T, D)
        returns: (..., min(M, T), D)
    """
    lengths = segment_lengths(tokens.shape[-2], num_landmarks)
    longer_count = sum(length == lengths[0] for length in lengths)
    split = longer_count * lengths[0]
    parts = [_means(tokens[..., :split, :], longer_count)]
    if longer_count < len(lengths):
        parts.append(_means(tokens[..., split:, :], len(lengths) - longer_count))
    return torch.cat(parts, -2)


def _means(tokens: Tensor, count: int) -> Tensor:
    """Means of `count` segments of equal length."""
    return tokens.reshape(*tokens.shape[:-2], count, -1, tokens.shape[-1]).mean(-2)

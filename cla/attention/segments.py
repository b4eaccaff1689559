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
    parts = [tokens[..., :split, :].unflatten(-2, (longer_count, lengths[0])).mean(-2)]
    if longer_count < len(lengths):
        rest = tokens[..., split:, :].unflatten(-2, (len(lengths) - longer_count, lengths[-1]))
        parts.append(rest.mean(-2))
    return torch.cat(parts, -2)

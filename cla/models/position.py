"""Recycling positional encoding: a stream never runs out of positions."""

import torch
from torch import Tensor


def recycling_encoding(period: int, dim: int, harmonics: int) -> Tensor:
    """Circular positions: position p and p + `period` are the same, near ones are alike.

    Low harmonics only keep the attention smooth in time, which suits few landmarks.

    Shapes:
        returns: (period, dim); columns past 2 * harmonics are zero

    Source: arXiv 2201.06268, section 3.4 (recycling positional encoding).
    """
    angle = torch.arange(period, dtype=torch.float64)[:, None] * (2 * torch.pi / period)
    waves = angle * torch.arange(1, harmonics + 1, dtype=torch.float64)
    table = torch.zeros(period, dim)
    table[:, 0 : 2 * harmonics : 2] = waves.sin().float()
    table[:, 1 : 2 * harmonics : 2] = waves.cos().float()
    return table

"""Single tokens through the projections of a layer."""

import torch
from torch import Tensor

from cla.attention.fused.project import finish, project
from cla.attention.fused.weights import Weights


def project_token(x: Tensor, weights: Weights, num_heads: int, dtype: torch.dtype) -> Tensor:
    """Scaled queries and keys, and values of one token of each stream, (3, B, H, 1, D)."""
    batch, embed = x.shape
    x, size = x.contiguous(), embed // num_heads
    out = torch.empty(3, batch, num_heads, 1, size, dtype=torch.float64)
    project(batch, num_heads, size, x.data_ptr(), weights, out.data_ptr())
    return out.to(dtype)


def finish_token(context: Tensor, weights: Weights) -> Tensor:
    """Output projection of the contexts of one token, (B, H, 1, D) float64 to (B, E) float32."""
    joined = context.flatten(1)
    batch, size = joined.shape
    out = torch.empty(batch, size, dtype=torch.float32)
    finish(batch, size, joined.data_ptr(), weights, out.data_ptr())
    return out

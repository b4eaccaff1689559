"""Steps of continual attention as functions of tensors and states."""

from typing import Any

import torch
from torch import Tensor

from cla.attention.fused.continual import advance_newest
from cla.attention.fused.continual_rows import advance_rows
from cla.attention.fused.weights import NUMPY_TYPES, Weights, address_of, row_contexts
from cla.attention.fused.whole import continual_layer as _continual_layer
from cla.attention.projected import Projected


def continual_step(tokens: Projected, state: Any, active: Tensor | None) -> Tensor:
    """Take one token of each active stream into its rings and, if retroactive, all rows.

    Shapes:
        returns: contexts (B, H, 1, D) float64, or (B, H, N, D) if retroactive
    """
    batch, heads, window, size = state.keys.shape
    kind = NUMPY_TYPES[state.keys.dtype]
    at, active = address_of(active)
    tokens = Projected(*(part.contiguous() for part in tokens))
    new = tuple(part.data_ptr() for part in tokens)
    counters = (at, state.slot.data_ptr(), state.valid_tokens.data_ptr())
    rings = (state.keys.data_ptr(), state.values.data_ptr())
    if not state.rows.shape[-1]:
        out = torch.zeros(batch, heads, 1, size, dtype=torch.float64)
        advance_newest(batch, heads, window, size, kind, *new, *counters, *rings, out.data_ptr())
        return out
    out = row_contexts((batch, heads * size), window, state.keys.dtype)
    advance_rows(
        batch, heads, window, size, kind, *new, *counters, state.queries.data_ptr(),
        *rings, state.rows.data_ptr(), out.stride(-2), out.data_ptr(),
    )  # fmt: skip
    return out.view(batch, heads, size, window).transpose(2, 3)


def continual_layer(
    x: Tensor, weights: Weights, state: Any, active: Tensor | None
) -> tuple[Tensor, bool]:
    """A whole step of a float32 token (B, E).

    Shapes:
        returns: output (B, E), or contexts (B, E, N) if retroactive; and, if so, whether some
            window is not full
    """
    batch, heads, window, size = state.keys.shape
    retroactive = state.rows.shape[-1] > 0
    x = x.contiguous()
    out = row_contexts(x.shape, window, torch.float32) if retroactive else torch.empty_like(x)
    at, active = address_of(active)
    short = _continual_layer(
        batch, heads, window, size, retroactive, x.data_ptr(), weights, at,
        state.slot.data_ptr(), state.valid_tokens.data_ptr(), state.queries.data_ptr(),
        state.keys.data_ptr(), state.values.data_ptr(), state.rows.data_ptr(), out.stride(-2),
        out.data_ptr(),
    )  # fmt: skip
    return out, short > 0

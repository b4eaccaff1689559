"""What a layer refuses to work on: tokens, windows and masks that do not fit."""

from typing import Any

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.errors import ClaError


def check_step(x: Tensor, active: Tensor | None, slot: Tensor, size: int) -> None:
    """Raise unless there is a token, and a boolean if any, for each stream of a state.

    Args:
        slot: (B,) of the state.
        size: of a token.
    """
    batch = slot.shape[0]
    if not isinstance(x, Tensor):
        raise ClaError("token_no_tensor", type=type(x).__name__, batch=batch, size=size)
    if x.shape != (batch, size):
        raise ClaError("token_shape_unfit", shape=tuple(x.shape), batch=batch, size=size)
    if x.device != slot.device:
        raise ClaError("token_on_other_device", device=x.device, state_device=slot.device)
    check_active(active, batch)


def check_active(active: Tensor | None, batch: int) -> None:
    """Raise unless there is a boolean for each of `batch` streams, or no mask."""
    if active is not None and (active.shape != (batch,) or active.dtype != torch.bool):
        raise ClaError("active_unfit", shape=tuple(active.shape), dtype=active.dtype, batch=batch)


def check_type(x: Tensor, dtype: torch.dtype) -> None:
    """Raise unless tokens are floating-point numbers that `dtype` can hold.

    Narrower ones are widened, none are rounded.
    """
    if not x.is_floating_point():
        raise ClaError("tokens_not_floats", dtype=x.dtype)
    if torch.promote_types(x.dtype, dtype) != dtype:
        raise ClaError("tokens_would_be_rounded", dtype=x.dtype, state_dtype=dtype)


def check_forward(x: Tensor, config: AttentionConfig) -> None:
    """Raise unless `x` is (B, T, E) with 1 <= T <= N."""
    check_tokens(x, config.embed_dim)
    if x.shape[1] > config.window:
        raise ClaError("window_too_long", tokens=x.shape[1], window=config.window)


def check_window(
    window: Tensor, tokens_seen: int | None, config: AttentionConfig, receptive_field: int
) -> int:
    """Length of the stream that `window` ends; raises where the state cannot be exact."""
    check_tokens(window, config.embed_dim)
    length = window.shape[1]
    seen = length if tokens_seen is None else tokens_seen
    if length < min(seen, config.window) or seen < length:
        raise ClaError(
            "window_not_of_stream", tokens=length, seen=seen, receptive_field=receptive_field
        )
    return seen


def check_tokens(x: Tensor, embed_dim: int) -> None:
    """Raise unless `x` is (B, T, E) with T >= 1, of floating-point numbers."""
    if not isinstance(x, Tensor):
        raise ClaError("tokens_no_tensor", type=type(x).__name__)
    if not x.is_floating_point():
        raise ClaError("tokens_not_floats", dtype=x.dtype)
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != embed_dim:
        raise ClaError("tokens_shape_unfit", shape=tuple(x.shape), embed_dim=embed_dim)


def check_places(state: Any) -> None:
    """Raise where a state, or a part of one, names places that its window does not have.

    Kernels index by these numbers. Waits for the state's device.
    """
    if isinstance(state, Tensor):
        return
    if hasattr(state, "slot"):
        window = state.window
        places = zip(state.slot.tolist(), state.valid_tokens.tolist(), strict=True)
        if not all(0 <= slot < window and valid in (slot, window) for slot, valid in places):
            raise ClaError("state_counters_unfit", window=window)
    else:
        for part in state:
            check_places(part)

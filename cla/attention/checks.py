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
        raise ClaError(f"A token is a {type(x).__name__}.", f"Give a tensor ({batch}, {size}).")
    if x.shape != (batch, size):
        raise ClaError(
            f"A token of shape {tuple(x.shape)} does not fit a state of {batch} streams.",
            f"Give ({batch}, {size}).",
        )
    if x.device != slot.device:
        raise ClaError(
            f"The tokens are on {x.device}, the state on {slot.device}.",
            "Move the tokens, or the state by move_state.",
        )
    check_active(active, batch)


def check_active(active: Tensor | None, batch: int) -> None:
    """Raise unless there is a boolean for each of `batch` streams, or no mask."""
    if active is not None and (active.shape != (batch,) or active.dtype != torch.bool):
        raise ClaError(
            f"active of shape {tuple(active.shape)} and type {active.dtype} does not fit.",
            f"Give a mask of {batch} booleans.",
        )


def check_type(x: Tensor, dtype: torch.dtype) -> None:
    """Raise unless tokens are floating-point numbers that `dtype` can hold.

    Narrower ones are widened, none are rounded.
    """
    if not x.is_floating_point():
        raise ClaError(f"Tokens are of {x.dtype}.", "Give floating-point numbers.")
    if torch.promote_types(x.dtype, dtype) != dtype:
        raise ClaError(
            f"Tokens of {x.dtype} would be rounded to {dtype}.",
            f"Give tokens.to({dtype}), or a state of init_state(..., dtype={x.dtype}).",
        )


def check_forward(x: Tensor, config: AttentionConfig) -> None:
    """Raise unless `x` is (B, T, E) with 1 <= T <= N."""
    check_tokens(x, config.embed_dim)
    if x.shape[1] > config.window:
        raise ClaError(
            f"forward was given {x.shape[1]} tokens, more than window={config.window}.",
            "Use scan for longer streams.",
        )


def check_window(
    window: Tensor, tokens_seen: int | None, config: AttentionConfig, receptive_field: int
) -> int:
    """Length of the stream that `window` ends; raises where the state cannot be exact."""
    check_tokens(window, config.embed_dim)
    length = window.shape[1]
    seen = length if tokens_seen is None else tokens_seen
    if length < min(seen, config.window) or seen < length:
        raise ClaError(
            f"A window of {length} tokens cannot stand for a stream of {seen}.",
            f"Give the last {receptive_field} tokens, or all that were seen.",
        )
    return seen


def check_tokens(x: Tensor, embed_dim: int) -> None:
    """Raise unless `x` is (B, T, E) with T >= 1, of floating-point numbers."""
    if not isinstance(x, Tensor):
        raise ClaError(f"Tokens are a {type(x).__name__}.", "Give a tensor.")
    if not x.is_floating_point():
        raise ClaError(f"Tokens are of {x.dtype}.", "Give floating-point numbers.")
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != embed_dim:
        raise ClaError(
            f"Tokens of shape {tuple(x.shape)} do not fit.",
            f"Give (batch, at least one token, {embed_dim}).",
        )


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
            raise ClaError(
                f"The state's counters do not fit its window of {window} tokens.",
                "Start a new stream, or load a state that was saved.",
            )
    else:
        for part in state:
            check_places(part)

"""Steps of continual Nyström attention as functions of tensors and states."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.fused.nystrom import advance_at
from cla.attention.fused.rows import mix_rows_at
from cla.attention.fused.weights import Weights, address_of
from cla.attention.fused.whole import nystrom_layer as _nystrom_layer
from cla.attention.projected import Projected
from cla.attention.window_sums import suffix_rows


def nystrom_layer(
    x: Tensor, weights: Weights, state: Any, config: AttentionConfig, active: Tensor | None
) -> tuple[Tensor, bool] | None:
    """A whole step of a float32 token (B, E); None, and nothing is done, while windows are filling.

    Shapes:
        returns: output (B, E), or contexts (B, H, N, D) if retroactive; and, if so, whether some
            window is not full
    """
    shape, modes = _shape(state.keys, config), _modes(config)
    x = x.contiguous()
    if modes[1]:
        batch, heads, window, _, size, _, _ = shape
        out = torch.empty(batch, heads, size, window)
    else:
        out = torch.empty_like(x)
    at, active = address_of(active)
    short = _nystrom_layer(
        shape, modes, x.data_ptr(), weights, at, _addresses(state), out.data_ptr()
    )
    if short < 0:
        return None
    return (out.transpose(2, 3) if modes[1] else out), short > 0


def nystrom_step(
    tokens: Projected, state: Any, config: AttentionConfig, active: Tensor | None
) -> Tensor:
    """One token of each active stream; contexts (B, H, 1, D) of single outputs."""
    # Of idle streams nothing is written.
    allocate = torch.empty if active is None else torch.zeros
    out = allocate(tokens.keys.shape, dtype=torch.float64)
    _run(tokens, state, config, active, (0, 1), out)
    return out


def nystrom_rows(
    tokens: Projected,
    state: Any,
    config: AttentionConfig,
    active: Tensor | None,
    dtype: torch.dtype,
) -> Tensor:
    """One token of each active stream; contexts of all rows, oldest first.

    Args:
        dtype: contexts are float32 unless it is wider.

    Shapes:
        returns: (B, H, N, D)
    """
    batch, heads, _, size = tokens.keys.shape
    means = torch.empty(batch, heads, size, config.landmarks, dtype=torch.float64)
    _run(tokens, state, config, active, (0, 1), means, means)
    single = dtype != torch.float64
    wide = torch.float32 if single else torch.float64
    out = torch.empty(batch, heads, size, config.window, dtype=wide)
    shape = _shape(state.keys, config)
    mix_rows_at(shape, single, _addresses(state), means.data_ptr(), out.data_ptr())
    return out.transpose(2, 3)


def nystrom_scan(tokens: Projected, state: Any, config: AttentionConfig) -> Tensor:
    """Contexts (B, H, T, D) of streams that are all at the same place, past their warm-up."""
    batch, heads, length, size = tokens.keys.shape
    out = torch.empty(batch, length, heads, size, dtype=torch.float64)
    first = 0
    while first < length:
        last = min(length, first + _until_tick(state, config))
        _run(tokens, state, config, None, (first, last), out)
        first = last
    return out.transpose(1, 2)


def _until_tick(state: Any, config: AttentionConfig) -> int:
    """Tokens up to and with the next landmark tick."""
    if config.landmark_mode == "fixed":
        return 2**62
    slot = int(state.slot[0])
    return next(end for end in segments(config.window, config.landmarks).ends if end > slot) - slot


def _run(
    tokens: Projected,
    state: Any,
    config: AttentionConfig,
    active: Tensor | None,
    span: tuple[int, int],
    out: Tensor,
    means: Tensor | None = None,
) -> None:
    """`nystrom.advance`; delta V is given back where there is room for it."""
    length = tokens.keys.shape[2]
    strides = tokens.keys.stride()
    if not tokens.queries.stride() == strides == tokens.values.stride() or strides[3] != 1:
        tokens = Projected(*(part.contiguous() for part in tokens))
        strides = tokens.keys.stride()
    at, active = address_of(active)
    advance_at(
        _shape(state.keys, config), _modes(config), span, (*strides[:3], length),
        (tokens.queries.data_ptr(), tokens.keys.data_ptr(), tokens.values.data_ptr()),
        at, _addresses(state), 0 if means is None else means.data_ptr(), out.data_ptr(),
    )  # fmt: skip


@lru_cache(maxsize=64)
def _blocks(window: int) -> tuple[int, int]:
    cuts = blocks(window)
    return cuts.count, suffix_rows(cuts)


def _shape(keys: Tensor, config: AttentionConfig) -> tuple[int, ...]:
    """`nystrom_arrays.Sizes`, as a tuple, which is quicker to pass."""
    batch, heads, window, size = keys.shape
    return (batch, heads, window, config.landmarks, size, *_blocks(window))


def _modes(config: AttentionConfig) -> tuple[bool, bool, bool]:
    """Whether landmarks are continual, outputs retroactive, and inverses exact."""
    return (
        config.landmark_mode == "continual",
        config.output_mode == "retroactive",
        config.pseudo_inverse == "exact",
    )


def _addresses(state: Any) -> tuple[int, ...]:
    """Addresses of a state's tensors, in order."""
    valid, slot, queries, keys, values, landmarks, sums, betas = state
    return (
        valid.data_ptr(), slot.data_ptr(), queries.data_ptr(), keys.data_ptr(), values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        sums.data_ptr(), betas.data_ptr(),
    )  # fmt: skip

"""The kernels as functions of tensors and states."""

from typing import Any

import torch
from torch import Tensor, nn

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.fused.continual import advance_rows, write
from cla.attention.fused.nystrom import advance
from cla.attention.fused.project import finish, project
from cla.attention.projected import Projected
from cla.attention.window_sums import suffix_rows


def project_token(
    x: Tensor, layers: tuple[nn.Linear, nn.Linear, nn.Linear], num_heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Scaled queries and keys, and values of one token of each stream, (B, H, 1, D) float64."""
    batch, size = x.shape
    x = x.contiguous()
    out = torch.empty(3, batch, num_heads, 1, size // num_heads, dtype=torch.float64)
    addresses = [part.data_ptr() for layer in layers for part in (layer.weight, layer.bias)]
    scale = (size // num_heads) ** -0.25
    project(batch, size, x.data_ptr(), *addresses, scale, out.data_ptr())  # type: ignore[call-arg]  # numba's dispatcher hides the parameters
    return out[0], out[1], out[2]


def finish_token(context: Tensor, layer: nn.Linear) -> Tensor:
    """Output projection of the contexts of one token, (B, H, 1, D) float64 to (B, E) float32."""
    joined = context.flatten(1)
    batch, size = joined.shape
    out = torch.empty(batch, size, dtype=torch.float32)
    finish(
        batch, size, joined.data_ptr(), layer.weight.data_ptr(), layer.bias.data_ptr(),
        out.data_ptr(),
    )  # fmt: skip
    return out


def nystrom_step(
    tokens: Projected, state: Any, config: AttentionConfig, active: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """One token of each active stream.

    Shapes:
        returns: contexts (B, H, 1, D) and delta V (B, H, M, D); gamma (B, H, M, M), of the streams
            (S,) whose landmarks have changed and whose context is still to be made (None: none)
    """
    batch, heads, _, size = tokens.keys.shape
    out = torch.zeros(batch, 1, heads, size, dtype=torch.float64)
    means, gamma, ticked = _run(tokens, state, config, active, (0, 1), out)
    ticks = config.landmark_mode == "continual" and bool(ticked.any())
    changed = ticked.nonzero()[:, 0] if ticks else None
    return out.transpose(1, 2), means, gamma, changed


def nystrom_scan(tokens: Projected, state: Any, config: AttentionConfig, invert: Any) -> Tensor:
    """Contexts (B, H, T, D) of streams that are all at the same place, past their warm-up.

    Args:
        invert: takes the state, gamma, delta V and the queries (B, H, 1, D) of a token at which
            landmarks changed; updates the state and returns its context.
    """
    batch, heads, length, size = tokens.keys.shape
    out = torch.empty(batch, length, heads, size, dtype=torch.float64)
    first = 0
    while first < length:
        last = min(length, first + _until_tick(state, config))
        means, gamma, ticked = _run(tokens, state, config, None, (first, last), out)
        if bool(ticked.any()):
            query = tokens.queries[:, :, last - 1 : last]
            out[:, last - 1] = invert(state, gamma, means, query)[:, :, 0]
        first = last
    return out.transpose(1, 2)


def continual_step(tokens: Projected, state: Any, active: Tensor | None) -> None:
    """Write one token of each active stream into its rings, and bring its rows up to date."""
    queries, keys, values = (part.contiguous() for part in tokens)
    batch, heads, window, size = state.keys.shape
    single = state.keys.dtype == torch.float32
    active = _mask(active, batch)
    counters = (active.data_ptr(), state.slot.data_ptr(), state.valid_tokens.data_ptr())
    if not state.rows.shape[2]:
        write(
            batch, heads, window, size, single, keys.data_ptr(), values.data_ptr(), *counters,
            state.keys.data_ptr(), state.values.data_ptr(),
        )  # fmt: skip
    else:
        advance_rows(
            batch, heads, window, size, single,
            queries.data_ptr(), keys.data_ptr(), values.data_ptr(), *counters,
            state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
            state.rows.data_ptr(),
        )  # fmt: skip


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
) -> tuple[Tensor, Tensor, Tensor]:
    batch, heads, length, size = tokens.keys.shape
    window, marks = config.window, config.landmarks
    cuts = blocks(window)
    means = torch.empty(batch, heads, marks, size, dtype=torch.float64)
    gamma = torch.empty(batch, heads, marks, marks, dtype=torch.float64)
    ticked = torch.empty(batch, dtype=torch.bool)
    strides = tokens.keys.stride()
    if not tokens.queries.stride() == strides == tokens.values.stride() or strides[3] != 1:
        tokens = Projected(*(part.contiguous() for part in tokens))
        strides = tokens.keys.stride()
    landmarks = state.landmarks
    if active is not None:
        active = active.contiguous()
    advance(  # type: ignore[call-arg]  # numba's dispatcher hides the parameters
        batch, heads, window, marks, size, cuts.count, suffix_rows(cuts),
        config.landmark_mode == "continual", state.queries.shape[2] > 0, not config.retroactive,
        *span, *strides[:3], length,
        tokens.queries.data_ptr(), tokens.keys.data_ptr(), tokens.values.data_ptr(),
        0 if active is None else active.data_ptr(),
        state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        state.sums.data_ptr(), means.data_ptr(), gamma.data_ptr(), ticked.data_ptr(),
        out.data_ptr(),
    )  # fmt: skip
    return means, gamma, ticked


def _mask(active: Tensor | None, batch: int) -> Tensor:
    return torch.ones(batch, dtype=torch.bool) if active is None else active.contiguous()

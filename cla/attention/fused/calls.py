"""The kernels as functions of tensors and states."""

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.fused import whole
from cla.attention.fused.continual import advance_newest, advance_rows
from cla.attention.fused.nystrom import advance
from cla.attention.fused.nystrom import join_in_order as _join_in_order
from cla.attention.fused.nystrom import write_betas as _write_betas
from cla.attention.fused.project import finish, project
from cla.attention.projected import Projected
from cla.attention.window_sums import suffix_rows

if TYPE_CHECKING:
    from cla.attention.fused import Weights


def project_token(
    x: Tensor, weights: "Weights", num_heads: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Scaled queries and keys, and values of one token of each stream, (B, H, 1, D)."""
    batch, size = x.shape
    x = x.contiguous()
    out = torch.empty(3, batch, num_heads, 1, size // num_heads, dtype=dtype)
    single = dtype == torch.float32
    scale = (size // num_heads) ** -0.25
    project(  # type: ignore[call-arg]  # numba's dispatcher hides the parameters
        batch, size, single, x.data_ptr(), *weights.inward, scale, out.data_ptr()
    )
    return out[0], out[1], out[2]


def finish_token(context: Tensor, weights: "Weights") -> Tensor:
    """Output projection of the contexts of one token, (B, H, 1, D) float64 to (B, E) float32."""
    joined = context.flatten(1)
    batch, size = joined.shape
    out = torch.empty(batch, size, dtype=torch.float32)
    finish(  # type: ignore[call-arg]  # as above
        batch, size, joined.data_ptr(), *weights.outward, out.data_ptr(),
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


def continual_step(tokens: Projected, state: Any, active: Tensor | None) -> Tensor:
    """Take one token of each active stream into its rings and, if retroactive, all rows.

    Shapes:
        returns: contexts (B, H, 1, D) float64, or (B, H, N, D) if retroactive
    """
    queries, keys, values = (part.contiguous() for part in tokens)
    batch, heads, window, size = state.keys.shape
    single = state.keys.dtype == torch.float32
    at, active = _active(active)
    new = (queries.data_ptr(), keys.data_ptr(), values.data_ptr())
    counters = (at, state.slot.data_ptr(), state.valid_tokens.data_ptr())
    rings = (state.keys.data_ptr(), state.values.data_ptr())
    if not state.rows.shape[-1]:
        out = torch.zeros(batch, heads, 1, size, dtype=torch.float64)
        advance_newest(batch, heads, window, size, single, *new, *counters, *rings, out.data_ptr())
        return out
    out = torch.empty(batch, window, heads, size, dtype=state.keys.dtype)
    advance_rows(
        batch, heads, window, size, single, *new, *counters, state.queries.data_ptr(), *rings,
        state.rows.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    return out.transpose(1, 2)


def continual_layer(
    x: Tensor, weights: "Weights", state: Any, active: Tensor | None
) -> tuple[Tensor, Tensor]:
    """A whole single-output step: queries (B, H, 1, D) and output (B, E)."""
    batch, heads, window, size = state.keys.shape
    x = x.contiguous()
    projected = torch.empty(3, batch, heads, 1, size, dtype=torch.float32)
    # Of idle streams nothing is written: zeros, because garbage may take long to multiply.
    context = torch.zeros(batch, heads * size, dtype=torch.float64)
    out = torch.empty(batch, heads * size, dtype=torch.float32)
    at, active = _active(active)
    whole.continual_layer(  # type: ignore[call-arg]  # as above
        batch, heads, window, size, x.data_ptr(), *weights.inward, *weights.outward, size**-0.25,
        at, state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.keys.data_ptr(), state.values.data_ptr(),
        projected.data_ptr(), context.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    return projected[0], out


class NystromLayerStep(NamedTuple):
    """A whole single-output step of continual Nyström attention.

    Shapes:
        queries: (B, H, 1, D)
        output: (B, E); still to be made where any stream has `ticked`
        context: (B, H, 1, D); of `ticked` streams still to be made
        means, gamma: delta V (B, H, M, D) and gamma (B, H, M, M) of `ticked` streams
        ticked: (S,) streams whose landmarks have changed, or None
    """

    queries: Tensor
    output: Tensor
    context: Tensor
    means: Tensor
    gamma: Tensor
    ticked: Tensor | None


def nystrom_layer(
    x: Tensor,
    weights: "Weights",
    state: Any,
    config: AttentionConfig,
    active: Tensor | None,
) -> NystromLayerStep | None:
    """One token of each active stream; None, and nothing is done, while windows are filling."""
    batch, heads, window, size = state.keys.shape
    marks, cuts = config.landmarks, blocks(config.window)
    x = x.contiguous()
    projected = torch.empty(3, batch, heads, 1, size, dtype=torch.float64)
    context = torch.zeros(batch, heads, 1, size, dtype=torch.float64)
    means = torch.empty(batch, heads, marks, size, dtype=torch.float64)
    gamma = torch.empty(batch, heads, marks, marks, dtype=torch.float64)
    ticked = torch.empty(batch, dtype=torch.bool)
    out = torch.empty(batch, heads * size, dtype=torch.float32)
    landmarks = state.landmarks
    at, active = _active(active)
    changed = whole.nystrom_layer(  # type: ignore[call-arg]  # as above
        batch, heads, window, marks, size, cuts.count, suffix_rows(cuts),
        config.landmark_mode == "continual", state.queries.shape[2] > 0,
        x.data_ptr(), *weights.inward, *weights.outward, size**-0.25,
        at, state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        state.sums.data_ptr(), means.data_ptr(), gamma.data_ptr(), ticked.data_ptr(),
        projected.data_ptr(), context.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    if changed < 0:
        return None
    streams = ticked.nonzero()[:, 0] if changed else None
    return NystromLayerStep(projected[0], out, context, means, gamma, streams)


def write_betas(queries: Tensor, state: Any, active: Tensor | None) -> None:
    """Write beta of the newest token (B, H, 1, D) of each active stream into its ring."""
    batch, heads, window, marks = state.betas.shape
    queries = queries.contiguous()
    size = queries.shape[-1]
    at, active = _active(active)
    _write_betas(
        batch, heads, window, marks, size, heads * size, size, queries.data_ptr(), at,
        state.slot.data_ptr(), state.landmarks.keys.data_ptr(), state.betas.data_ptr(),
    )  # fmt: skip


def join_in_order(rows: Tensor, slot: Tensor) -> Tensor:
    """Contexts (B, H, N, D) float64 from ring order to oldest first, float32."""
    batch, heads, window, size = rows.shape
    rows = rows.contiguous()
    out = torch.empty(batch, window, heads, size, dtype=torch.float32)
    _join_in_order(batch, heads, window, size, slot.data_ptr(), rows.data_ptr(), out.data_ptr())
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
    at, active = _active(active)
    advance(  # type: ignore[call-arg]  # numba's dispatcher hides the parameters
        batch, heads, window, marks, size, cuts.count, suffix_rows(cuts),
        config.landmark_mode == "continual", state.queries.shape[2] > 0, not config.retroactive,
        *span, *strides[:3], length,
        tokens.queries.data_ptr(), tokens.keys.data_ptr(), tokens.values.data_ptr(),
        at,
        state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        state.sums.data_ptr(), means.data_ptr(), gamma.data_ptr(), ticked.data_ptr(),
        out.data_ptr(),
    )  # fmt: skip
    return means, gamma, ticked


def _active(active: Tensor | None) -> tuple[int, Tensor | None]:
    """The address of a mask, 0 if all are active; and the mask, to be kept while it is used."""
    if active is None:
        return 0, None
    mask = active.contiguous()
    return mask.data_ptr(), mask

"""Steps of continual Nyström attention as functions of tensors and states."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention.config import AttentionConfig
from cla.attention.cuts import blocks, segments
from cla.attention.fused.nystrom import advance_at
from cla.attention.fused.rows import mix_rows as _mix_rows
from cla.attention.fused.rows import write_betas_at
from cla.attention.fused.weights import Weights, address_of
from cla.attention.fused.whole import finish_nystrom
from cla.attention.fused.whole import nystrom_layer as _nystrom_layer
from cla.attention.projected import Projected
from cla.attention.window_sums import suffix_rows


class Tick(NamedTuple):
    """Streams (S,) whose landmarks have changed, and the new gamma of all streams (B, H, M, M)."""

    streams: Tensor
    gamma: Tensor


class Scratch(NamedTuple):
    """The numbers of one step between its parts.

    Shapes:
        whole: projected tokens (3, B, H, D), contexts (B, H, D), means, gamma, ticked: in one piece
        means, gamma: (B, H, M, D), (B, H, M, M)
        ticked: (B,), 1 where landmarks have changed
    """

    whole: Tensor
    means: Tensor
    gamma: Tensor
    ticked: Tensor


class LayerStep(NamedTuple):
    """A step from a token (B, E) on.

    Shapes:
        output: (B, E), or contexts (B, H, N, D) if retroactive; float32
        scratch: what has to be known to make the output of streams that have ticked, or None
        short: whether some window is not full
    """

    output: Tensor
    scratch: Scratch | None
    short: bool


def nystrom_layer(
    x: Tensor, weights: Weights, state: Any, config: AttentionConfig, active: Tensor | None
) -> LayerStep | None:
    """A whole step; None, and nothing is done, while windows are filling."""
    batch, heads, window, size = state.keys.shape
    marks, cuts, retroactive = config.landmarks, blocks(window), config.retroactive
    x = x.contiguous()
    out = torch.empty(batch, heads, size, window) if retroactive else torch.empty_like(x)
    part, pairs = x.numel(), batch * heads * marks
    scratch = torch.empty(4 * part + pairs * (size + marks) + batch, dtype=torch.float64)
    landmarks = state.landmarks
    at, active = address_of(active)
    changed, short = _nystrom_layer(  # type: ignore[call-arg]  # numba's dispatcher hides the parameters
        batch, heads, window, marks, size, cuts.count, suffix_rows(cuts),
        config.landmark_mode == "continual", retroactive,
        x.data_ptr(), *weights.inward, *weights.outward, size**-0.25,
        at, state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        state.sums.data_ptr(), state.betas.data_ptr(), scratch.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    if changed < 0:
        return None
    output = out.transpose(2, 3) if retroactive else out
    if not changed:
        return LayerStep(output, None, short > 0)
    _, means, gamma, ticked = scratch.split((4 * part, pairs * size, pairs * marks, batch))
    views = Scratch(
        scratch,
        means.view(batch, heads, marks, size),
        gamma.view(batch, heads, marks, marks),
        ticked,
    )
    return LayerStep(output, views, short > 0)


def nystrom_outputs(step: LayerStep, weights: Weights, state: Any) -> None:
    """Make the single outputs of a step in which landmarks have changed, gamma being inverted."""
    assert step.scratch is not None
    batch, heads, marks, size = step.scratch.means.shape
    finish_nystrom(  # type: ignore[call-arg]  # as above
        batch, heads, marks, size, state.landmarks.keys.data_ptr(),
        state.landmarks.gamma_inv.data_ptr(), step.scratch.whole.data_ptr(), *weights.outward,
        step.output.data_ptr(),
    )  # fmt: skip


def nystrom_step(
    tokens: Projected, state: Any, config: AttentionConfig, active: Tensor | None
) -> tuple[Tensor, Tensor | None, Tick | None]:
    """One token of each active stream, and its row of beta if retroactive.

    Shapes:
        returns: contexts (B, H, 1, D), of single outputs that have not ticked; and delta V
            (B, H, M, D), where something is left to be made of it
    """
    # Of idle streams nothing is written.
    allocate = torch.empty if active is None else torch.zeros
    out = allocate(tokens.keys.shape, dtype=torch.float64)
    means, tick = _run(tokens, state, config, active, (0, 1), out)
    if config.retroactive:
        _beta_rows(tokens.queries, state, active)
    return out, means, tick


def nystrom_rows(state: Any, means: Tensor, dtype: torch.dtype) -> Tensor:
    """Contexts of all rows, oldest first, from the betas of a state.

    Args:
        dtype: contexts are float32 unless it is wider.

    Shapes:
        means: delta V, (B, H, M, D)
        returns: (B, H, N, D)
    """
    batch, heads, marks, window = state.betas.shape
    size = means.shape[-1]
    single = dtype != torch.float64
    out = torch.empty(batch, heads, size, window, dtype=torch.float32 if single else torch.float64)
    _mix_rows(
        batch, heads, window, marks, size, single, state.slot.data_ptr(),
        state.valid_tokens.data_ptr(), state.betas.data_ptr(),
        state.landmarks.gamma_inv.data_ptr(), means.data_ptr(), out.data_ptr(),
    )  # fmt: skip
    return out.transpose(2, 3)


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
        means, tick = _run(tokens, state, config, None, (first, last), out)
        if tick is not None:
            query = tokens.queries[:, :, last - 1 : last]
            out[:, last - 1] = invert(state, tick.gamma, means, query)[:, :, 0]
        first = last
    return out.transpose(1, 2)


def _beta_rows(queries: Tensor, state: Any, active: Tensor | None) -> None:
    """Write beta of the newest token (B, H, 1, D) of each active stream into its ring."""
    batch, heads, marks, window = state.betas.shape
    queries = queries.contiguous()
    at, active = address_of(active)
    write_betas_at(
        batch, heads, window, marks, queries.shape[-1], queries.data_ptr(), at,
        state.slot.data_ptr(), state.landmarks.keys.data_ptr(), state.betas.data_ptr(),
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
) -> tuple[Tensor | None, Tick | None]:
    batch, heads, length, size = tokens.keys.shape
    window, marks, cuts = config.window, config.landmarks, blocks(config.window)
    strides = tokens.keys.stride()
    if not tokens.queries.stride() == strides == tokens.values.stride() or strides[3] != 1:
        tokens = Projected(*(part.contiguous() for part in tokens))
        strides = tokens.keys.stride()
    continual, retroactive = config.landmark_mode == "continual", config.retroactive
    means = gamma = ticked = None
    if continual or retroactive:
        means = torch.empty(batch, heads, marks, size, dtype=torch.float64)
    if continual:
        gamma = torch.empty(batch, heads, marks, marks, dtype=torch.float64)
        ticked = torch.empty(batch, dtype=torch.float64)
    landmarks = state.landmarks
    at, active = address_of(active)
    changed = advance_at(  # type: ignore[call-arg]  # as above
        batch, heads, window, marks, size, cuts.count, suffix_rows(cuts),
        continual, continual or retroactive, not retroactive, *span, *strides[:3], length,
        tokens.queries.data_ptr(), tokens.keys.data_ptr(), tokens.values.data_ptr(),
        at, state.slot.data_ptr(), state.valid_tokens.data_ptr(),
        state.queries.data_ptr(), state.keys.data_ptr(), state.values.data_ptr(),
        landmarks.queries.data_ptr(), landmarks.keys.data_ptr(), landmarks.gamma_inv.data_ptr(),
        state.sums.data_ptr(), *map(_address, (means, gamma, ticked)), out.data_ptr(),
    )  # fmt: skip
    if not changed or ticked is None or gamma is None:
        return means, None
    return means, Tick(ticked.nonzero()[:, 0], gamma)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()

"""Continual attention: the numbers of full attention without computing anything twice."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.config import AttentionConfig
from cla.attention.emits import FullEmits
from cla.attention.full import FullAttention, ring_context
from cla.attention.partial_sums import sum_tokens
from cla.attention.projected import Projected, with_ones
from cla.attention.rings import (
    advance_counters,
    column_stride,
    newest_query,
    read_token,
    selected,
    stride_window,
    take,
    window_order,
    write_token,
)
from cla.attention.scan import ELEMENTS_PER_PASS
from cla.attention.windowed import WindowState

LEAST_SHARE = 1e-7
"""Least weight of a row, as a share of the largest sum it has had, of values or of weights: float64
then still holds what is left of both to 1e-9 of a value of 1."""


class ContinualState(NamedTuple):
    """Rings of the projected window and, if retroactive, of the sums of each row, all as columns.

    Shapes:
        valid_tokens, slot: see `WindowState`
        queries: (B, H, D, `column_stride`); the newest alone, (B, H, D, 1), if single-output
        keys, values: (B, H, D, `column_stride`)
        rows: (B, H, D + 3, `column_stride`) float64, of each row shift, sums and denominator as in
            `PartialSums`, and the largest sum, of values or weights, since it was summed anew;
            (B, H, D + 3, 0) if single-output
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor
    rows: Tensor

    @property
    def window(self) -> int:
        """N."""
        return stride_window(self.keys.shape[-1])

    @property
    def rings(self) -> WindowState:
        """The rings row by row, as views; of queries the newest alone if single-output."""
        parts = (part[..., : self.window].mT for part in self[2:5])
        return WindowState(self.valid_tokens, self.slot, *parts)


class ContinualAttention(FullAttention):
    """Softmax(Q K^T) V; the newest row alone, or all rows brought up to date.

    Retroactive rows take the new token in and the oldest one out. Where a row loses nearly all of
    its weight with the oldest token, subtracting would leave rounding errors, and the row is summed
    anew; a row lives for N tokens, so that nothing drifts.

    Source: arXiv 2201.06268, sections 3.2 (retroactive) and 3.3 (single-output).
    Cost: 2 N D multiply-adds per head and token, retroactive about 7 N D; the state of a window in
        which S tokens were seen, if retroactive, 2 S^2 D once.
    """

    state_type = ContinualState

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._stride = column_stride(config.window)
        self._kernels: kernels.Steps | None = None

    @property
    def keeps_queries(self) -> bool:  # type: ignore[override]  # a constant of the other kinds
        """Whether rows older than the newest are needed."""
        return self.config.retroactive

    @property
    def compiled(self) -> "kernels.Steps":
        """The compiled steps, made when they are first taken."""
        if self._kernels is None:
            self._kernels = kernels.continual_steps(self.config)
        return self._kernels

    def fits(self, state: ContinualState) -> bool:
        config, kept = self.config, self._stride * self.config.retroactive
        heads = (config.num_heads, config.head_dim)
        return (
            state.keys.shape[1:] == (*heads, self._stride)
            and state.queries.shape[1:] == (*heads, kept or 1)
            and state.rows.shape[-1] == kept
            and (not kept or state.rows.dtype is torch.float64)
        )

    def window_state(self, tokens: Projected, seen: int) -> ContinualState:
        state: WindowState = super().window_state(tokens, seen)
        queries, keys, values = (_columns(ring, self._stride, 0.0) for ring in state[2:])
        if not self.config.retroactive:
            shape = (*state.keys.shape[:2], self.config.head_dim + 3, 0)
            none = torch.zeros(shape, dtype=torch.float64, device=state.keys.device)
            queries = newest_query(tokens.queries).mT.contiguous()
            return ContinualState(*state[:2], queries, keys, values, none)
        # Of tokens not yet seen any finite row will do, which the token will replace.
        seen = min(max(seen, 1), self.config.window)
        some = WindowState(*state[:2], *(ring[:, :, :seen] for ring in state[2:]))
        rows = _columns(_sum_rows(some, some.queries), self._stride, 1.0)
        return ContinualState(*state[:2], queries, keys, values, rows)

    def rings(self, state: ContinualState) -> Projected:
        return super().rings(state.rings)

    def step_emits(self, queries: Tensor, state: ContinualState) -> FullEmits:
        return super().step_emits(queries, state.rings)

    def attend(
        self,
        tokens: Projected,
        state: ContinualState,  # type: ignore[override]  # a state of its own kind
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        context = self.compiled.attend(tokens, state, active) if self._can_take(state) else None
        if context is None:
            context = self._take(tokens, state, active)
        return context, self.step_emits(tokens.queries, state) if emit else None

    def step_compiled(
        self,
        x: Tensor,
        weights: kernels.Weights,
        state: ContinualState,
        active: Tensor | None,
    ) -> Tensor | None:
        if not self._can_take(state):
            return None
        done = self.compiled.layer(x, weights, state, active)
        if done is None or not self.config.retroactive:
            return done and done[0]
        contexts, short = done
        with torch.no_grad():
            output = self.finish_columns(contexts)
            return self.zero_unseen(output, state.valid_tokens) if short else output

    def _can_take(self, state: ContinualState) -> bool:
        return self.use_fused and kernels.can_step(state.keys, torch.float32)

    def window_context(self, tokens: Projected) -> Tensor:
        if self.config.retroactive:
            return super().window_context(tokens)
        logits = tokens.queries[..., -1:, :] @ tokens.keys.transpose(-1, -2)
        return logits.softmax(-1) @ tokens.values

    def _take(self, tokens: Projected, state: ContinualState, active: Tensor | None) -> Tensor:
        slot, rings = state.slot.clone(), state.rings
        leaving = state.valid_tokens == self.config.window
        oldest = (read_token(rings.keys, slot), read_token(rings.values, slot))
        for ring, token in zip(rings[2:], tokens, strict=True):
            write_token(ring, slot, token[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)
        if not self.config.retroactive:
            return ring_context(tokens.queries, rings.keys, rings.values, state.valid_tokens)
        ring = _ring(state)
        rows = _update_rows(tokens, state, oldest, leaving)
        ring.copy_(rows if active is None else torch.where(_wide(active), rows, ring))
        write_token(ring, slot, _sum_rows(rings, tokens.queries)[:, :, 0], active)
        _restore(state)
        rows = take(ring, window_order(state.slot, state.valid_tokens, self.config.window))
        return (rows[..., 1:-2] / rows[..., -2:-1]).to(tokens.values.dtype)


def _columns(ring: Tensor, stride: int, value: float) -> Tensor:
    """A ring, or the start of one, column by column; the rest is `value`."""
    ring = torch.nn.functional.pad(ring, (0, 0, 0, stride - ring.shape[2]), value=value)
    return ring.transpose(-1, -2).contiguous()


def _ring(state: ContinualState) -> Tensor:
    """The sums of all rows, (B, H, N, D + 3)."""
    return state.rows[..., : state.window].mT


def _wide(mask: Tensor) -> Tensor:
    return mask[:, None, None, None]


def _update_rows(
    tokens: Projected, state: ContinualState, oldest: tuple[Tensor, Tensor], leaving: Tensor
) -> Tensor:
    """All rows with the newest token in and, where it is `leaving`, the oldest out."""
    rows = _ring(state)
    shift, sums, peak = rows[..., :1], rows[..., 1:-1], rows[..., -1:]
    queries = state.rings.queries.double()
    entering = queries @ tokens.keys.double().transpose(-1, -2)
    gone = queries @ oldest[0].double()[..., None]
    highest = torch.maximum(shift, entering)
    scale = torch.exp(shift - highest)
    out = torch.where(_wide(leaving), torch.exp(gone - highest), 0)
    old_value = with_ones(oldest[1].double()[:, :, None])
    old_value = torch.where(_wide(leaving), old_value, 0)
    sums = sums * scale + torch.exp(entering - highest) * with_ones(tokens.values.double())
    sums = sums - out * old_value
    return torch.cat([highest, sums, torch.maximum(peak * scale, _largest(sums))], -1)


def _largest(sums: Tensor) -> Tensor:
    """The largest sum of each row, of its values or its weights; NaN where there is one."""
    return sums.abs().amax(-1, keepdim=True)


def _restore(state: ContinualState) -> None:
    """Sum those rows anew that have lost nearly all of their weight, or are no numbers."""
    rows = _ring(state)
    sound = rows[..., -2] >= LEAST_SHARE * rows[..., -1]
    seen = torch.arange(sound.shape[2], device=sound.device) < state.valid_tokens[:, None]
    bad = seen[:, None] & ~sound
    streams = selected(bad.flatten(1).any(1))
    if streams is not None:
        part = WindowState(*(tensor[streams] for tensor in state.rings))
        anew = _sum_rows(part, part.queries)
        rows[streams] = torch.where(bad[streams][..., None], anew, rows[streams])


def _sum_rows(state: WindowState, queries: Tensor) -> Tensor:
    """Rows of a window, each summed anew.

    Shapes:
        queries: (B, H, R, D)
        returns: (B, H, R, D + 3)
    """
    keys, values = state.keys.double(), with_ones(state.values.double())
    place = torch.arange(keys.shape[2], device=keys.device)
    unseen = (place >= state.valid_tokens.clamp(min=1)[:, None])[:, None, None]
    rows = []
    for part in queries.split(max(1, ELEMENTS_PER_PASS // max(1, keys[..., 0].numel())), 2):
        logits = (part.double() @ keys.transpose(-1, -2)).masked_fill(unseen, -torch.inf)
        sums = sum_tokens(logits, values)
        rows.append(torch.cat([*sums, _largest(sums.sums)], -1))
    return torch.cat(rows, 2)

"""Continual attention: the numbers of full attention without computing anything twice."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention import fused
from cla.attention.config import AttentionConfig
from cla.attention.full import FullAttention, ring_context
from cla.attention.partial_sums import sum_tokens
from cla.attention.projected import Projected, with_ones
from cla.attention.rings import (
    advance_counters,
    column_stride,
    read_token,
    selected,
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
    """Rings of the projected window and, if retroactive, of the sums of each row.

    Shapes:
        valid_tokens, slot, keys, values: see `WindowState`
        queries: (B, H, D, `column_stride`), columns of a ring; (B, H, D, 0) if single-output
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
        self._stride = column_stride(config.window) if config.retroactive else 0
        """Of columns of all rows, none if single-output."""

    @property
    def keeps_queries(self) -> bool:  # type: ignore[override]  # a constant of the other kinds
        """Whether rows older than the newest are needed."""
        return self.config.retroactive

    def fits(self, state: ContinualState) -> bool:
        columns = state.queries.shape[-1] == state.rows.shape[-1] == self._stride
        wide = not self._stride or state.rows.dtype is torch.float64
        return columns and wide and super().fits(state)

    def window_state(self, tokens: Projected, seen: int) -> ContinualState:
        state: WindowState = super().window_state(tokens, seen)
        shape = (*state.keys.shape[:2], self.config.head_dim + 3, 0)
        none = torch.zeros(shape, dtype=torch.float64, device=state.keys.device)
        if not self.config.retroactive:
            queries = state.queries.transpose(-1, -2)
            return ContinualState(*state._replace(queries=queries), none)
        # Of tokens not yet seen any finite row will do, which the token will replace.
        window = self.config.window
        seen = min(max(seen, 1), window)
        some = WindowState(*state[:2], *(ring[:, :, :seen] for ring in state[2:]))
        rows = _sum_rows(some, some.queries)
        queries = _columns(state.queries, column_stride(window), 0.0)
        rows = _columns(rows, column_stride(window), 1.0)
        return ContinualState(*state._replace(queries=queries), rows)

    def rings(self, state: ContinualState) -> Projected:
        if not self.config.retroactive:
            return super().rings(state)
        return Projected(_queries(state), state.keys, state.values)

    def attend(
        self,
        tokens: Projected,
        state: ContinualState,  # type: ignore[override]  # a state of its own kind
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        if self.use_fused and fused.can_step(state.keys):
            context = fused.continual_step(tokens, state, active)
        else:
            context = self._take(tokens, state, active)
        return context, self.step_emits(tokens.queries, state) if emit else None

    def step_compiled(
        self,
        x: Tensor,
        weights: fused.Weights,
        state: ContinualState,
        active: Tensor | None,
    ) -> Tensor | None:
        if state.keys.dtype is not torch.float32 or not state.keys.is_contiguous():
            return None
        output, short = fused.continual_layer(x, weights, state, active)
        if not self.config.retroactive:
            return output
        with torch.no_grad():
            output = self.finish_columns(output)
            return self.zero_unseen(output, state.valid_tokens) if short else output

    def window_context(self, tokens: Projected) -> Tensor:
        if self.config.retroactive:
            return super().window_context(tokens)
        logits = tokens.queries[..., -1:, :] @ tokens.keys.transpose(-1, -2)
        return logits.softmax(-1) @ tokens.values

    def _take(self, tokens: Projected, state: ContinualState, active: Tensor | None) -> Tensor:
        slot = state.slot.clone()
        leaving = state.valid_tokens == self.config.window
        oldest = (read_token(state.keys, slot), read_token(state.values, slot))
        rings = (_queries(state), state.keys, state.values)
        for ring, token in zip(rings, tokens, strict=True):
            if ring.shape[2]:
                write_token(ring, slot, token[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)
        if not self.config.retroactive:
            return ring_context(tokens.queries, state.keys, state.values, state.valid_tokens)
        ring = _ring(state)
        rows = _update_rows(tokens, state, oldest, leaving)
        ring.copy_(rows if active is None else torch.where(_wide(active), rows, ring))
        write_token(ring, slot, _sum_rows(state, tokens.queries)[:, :, 0], active)
        _restore(state)
        rows = take(ring, window_order(state.slot, state.valid_tokens, self.config.window))
        return (rows[..., 1:-2] / rows[..., -2:-1]).to(tokens.values.dtype)


def _columns(ring: Tensor, stride: int, value: float) -> Tensor:
    """A ring, or the start of one, column by column; the rest is `value`."""
    ring = torch.nn.functional.pad(ring, (0, 0, 0, stride - ring.shape[2]), value=value)
    return ring.transpose(-1, -2).contiguous()


def _queries(state: ContinualState) -> Tensor:
    """The ring of queries, (B, H, N, D)."""
    return state.queries[..., : state.keys.shape[2]].transpose(-1, -2)


def _ring(state: ContinualState) -> Tensor:
    """The sums of all rows, (B, H, N, D + 3)."""
    return state.rows[..., : state.keys.shape[2]].transpose(-1, -2)


def _wide(mask: Tensor) -> Tensor:
    return mask[:, None, None, None]


def _update_rows(
    tokens: Projected, state: ContinualState, oldest: tuple[Tensor, Tensor], leaving: Tensor
) -> Tensor:
    """All rows with the newest token in and, where it is `leaving`, the oldest out."""
    rows = _ring(state)
    shift, sums, peak = rows[..., :1], rows[..., 1:-1], rows[..., -1:]
    queries = _queries(state).double()
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
        part = ContinualState(*(tensor[streams] for tensor in state))
        anew = _sum_rows(part, _queries(part))
        rows[streams] = torch.where(bad[streams][..., None], anew, rows[streams])


def _sum_rows(state: ContinualState | WindowState, queries: Tensor) -> Tensor:
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

"""Continual attention: the numbers of full attention without computing anything twice."""

from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.config import AttentionConfig
from cla.attention.kinds.full import FullKind, ring_context
from cla.attention.kinds.kind import Look
from cla.attention.kinds.windowed import WindowState, counters
from cla.attention.operations import Part, softmax_rows
from cla.attention.projected import Projected, with_ones
from cla.attention.rings import (
    advance_counters,
    column_stride,
    read_token,
    selected,
    stride_window,
    take,
    to_ring,
    window_order,
    write_token,
)
from cla.attention.scan import ELEMENTS_PER_PASS
from cla.attention.window_sums import landmark_weights

LEAST_SHARE = 1e-7
"""Least weight of a row, as a share of the largest sum it has had, of values or of weights: float64
then still holds what is left of both to 1e-9 of a value of 1."""


class ContinualState(NamedTuple):
    """Rings of the projected window and, if retroactive, of the sums of each row, all as columns.

    Shapes:
        valid_tokens, slot: see `WindowState`
        queries: (B, H, D, `column_stride`); the newest alone, (B, H, D, 1), if single-output
        keys, values: (B, H, D, `column_stride`)
        rows: (B, H, D + 2, `column_stride`) float64, of each row sums and denominator, see
            `window_sums`, and the largest, of values or weights, since it was summed anew;
            (B, H, D + 2, 0) if single-output
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


class ContinualKind(FullKind):
    """Softmax(Q K^T) V; the newest row alone, or all rows brought up to date.

    Retroactive rows take the new token in and the oldest one out. Where a row loses nearly all of
    its weight with the oldest token, subtracting would leave rounding errors, and the row is summed
    anew; a row lives for N tokens, so that nothing drifts.

    Source: arXiv 2201.06268, sections 3.2 (retroactive) and 3.3 (single-output).
    Cost: 2 N D multiply-adds per head and token, retroactive about 7 N D; the state of a window in
        which S tokens were seen, if retroactive, 2 S^2 D once.
    """

    label = "continual"
    look: ClassVar[Look | None] = Look("#2a86c8", "dash", "square")
    state_type: ClassVar[type[Any]] = ContinualState
    recomputes = False

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self._stride = column_stride(config.window)

    @cached_property
    def compiled(self) -> Any:
        return kernels.steps.ContinualSteps(self.config)

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        heads, size = self.config.num_heads, self.config.head_dim
        ring, kept = (heads, size, self._stride), self._stride * self.config.retroactive
        return (), (), (heads, size, kept or 1), ring, ring, (heads, size + 2, kept)

    def build(self, tokens: Projected, seen: int) -> ContinualState:
        window = self.config.window
        valid, slot = counters(tokens.keys, seen, window)
        kept = tokens.span(tokens.keys.shape[-2] - min(seen, window))
        rings = [to_ring(part, window, seen % window) for part in kept]
        queries, keys, values = (_columns(ring, self._stride, 0.0) for ring in rings)
        if not self.config.retroactive:
            none = keys.new_zeros((*keys.shape[:2], self.config.head_dim + 2, 0)).double()
            newest = tokens.queries[:, :, -1:].mT.contiguous()
            return ContinualState(valid, slot, newest, keys, values, none)
        held = WindowState(valid, slot, *(ring[:, :, : min(seen, window)] for ring in rings))
        rows = _columns(_sum_rows(held, held.queries), self._stride, 1.0)
        return ContinualState(valid, slot, queries, keys, values, rows)

    def rings(self, state: ContinualState) -> Projected:
        return Projected(*state.rings[2:])

    def append(self, tokens: Projected, state: ContinualState, active: Tensor | None) -> None:
        slot, rings = state.slot.clone(), state.rings
        leaving = state.valid_tokens == self.config.window
        oldest = (read_token(rings.keys, slot), read_token(rings.values, slot))
        for ring, token in zip(rings[2:], tokens, strict=True):
            write_token(ring, slot, token[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)
        if not self.config.retroactive:
            return
        ring = _ring(state)
        rows = _update_rows(tokens, state, oldest, _wide(leaving))
        ring.copy_(rows if active is None else torch.where(_wide(active), rows, ring))
        write_token(ring, slot, _sum_rows(rings, tokens.queries)[:, :, 0], active)
        _restore(state)

    def read(self, state: ContinualState) -> Tensor:
        if not self.config.retroactive:
            return ring_context(*state.rings[2:], state.valid_tokens)
        order = window_order(state.slot, state.valid_tokens, self.config.window)
        rows = take(_ring(state), order)
        return (rows[..., :-2] / rows[..., -2:-1]).to(state.values.dtype)

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part:
        size = config.head_dim
        if anew or not config.retroactive:
            return softmax_rows(seen if config.retroactive else 1, seen, size)
        # The newest row anew; a token in and one out of all others.
        return Part(4 * seen * size + seen, seen * (3 * (size + 1) + 3) + seen)

    @staticmethod
    def published(config: AttentionConfig) -> float:
        window, size = config.window, config.head_dim
        if config.retroactive:
            return 7 * window * size + 2 * window - 3 * size
        return 2 * window * size + 2 * size


def _columns(ring: Tensor, stride: int, value: float) -> Tensor:
    """A ring, or the start of one, column by column; the rest is `value`."""
    ring = torch.nn.functional.pad(ring, (0, 0, 0, stride - ring.shape[2]), value=value)
    return ring.transpose(-1, -2).contiguous()


def _ring(state: ContinualState) -> Tensor:
    """The sums of all rows, (B, H, N, D + 2)."""
    return state.rows[..., : state.window].mT


def _wide(mask: Tensor) -> Tensor:
    return mask[:, None, None, None]


def _update_rows(
    tokens: Projected, state: ContinualState, oldest: tuple[Tensor, Tensor], leaving: Tensor
) -> Tensor:
    """All rows with the newest token in and, where it is `leaving`, the oldest out."""
    rows, queries = _ring(state), state.rings.queries.double()
    entering = landmark_weights(queries, tokens.keys.double())
    gone = landmark_weights(queries, oldest[0].double()[:, :, None])
    old_value = with_ones(oldest[1].double()[:, :, None])
    sums = rows[..., :-1] + entering * with_ones(tokens.values.double())
    sums = sums - torch.where(leaving, gone * old_value, 0)
    return torch.cat([sums, torch.maximum(rows[..., -1:], _largest(sums))], -1)


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
        returns: (B, H, R, D + 2)
    """
    keys, values = state.keys.double(), with_ones(state.values.double())
    place = torch.arange(keys.shape[2], device=keys.device)
    seen = (place < state.valid_tokens[:, None])[:, None, None]
    rows = []
    for part in queries.split(max(1, ELEMENTS_PER_PASS // max(1, keys[..., 0].numel())), 2):
        sums = torch.where(seen, landmark_weights(part.double(), keys), 0) @ values
        rows.append(torch.cat([sums, _largest(sums)], -1))
    return torch.cat(rows, 2)

"""Kinds that keep the sums of delta V: low rank without touching the window."""

from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from cla.attention import kernels
from cla.attention.config import AttentionConfig
from cla.attention.kinds.windowed import WindowKind
from cla.attention.landmarks import Landmarks
from cla.attention.low_rank import mix
from cla.attention.nystrom_state import NystromState, build_state, keeps_queries
from cla.attention.operations import Part
from cla.attention.projected import Projected, softmax_weights, with_ones
from cla.attention.rings import (
    advance_counters,
    column_stride,
    read_token,
    take,
    window_order,
    write_token,
)
from cla.attention.state import StreamGroup, clone_state
from cla.attention.timeline import Timeline, extend
from cla.attention.window_sums import places, slide, table_rows, total_rows, window_total

MERGES = 5
"""Merges of partial sums in one step of a sliding window."""


class SummedKind(WindowKind):
    """What fixed and continual landmarks share: sums that slide over the window, and their product.

    Source: arXiv 2412.03214, section 3.
    Cost: see `operation_count`; O(M D + M^2) multiply-adds per head and token, retroactive O(N M D)
        more.
    """

    state_type: ClassVar[type[Any]] = NystromState

    @cached_property
    def compiled(self) -> Any:
        return kernels.steps.NystromSteps(self.config)

    def state_dtype(self, dtype: torch.dtype) -> torch.dtype:  # noqa: ARG002  # of any
        return torch.float64  # a near-singular gamma amplifies rounding

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        config, window = self.config, self.config.window
        heads, size, marks = config.num_heads, config.head_dim, config.landmarks
        queries = (heads, window if keeps_queries(config) else 1, size)
        rings = queries, (heads, window, size), (heads, window, size + 1)
        landmarks = (heads, size, marks), (heads, size, marks), (heads, marks, marks)
        sums = (table_rows(window), heads, size + 1, marks)
        betas = (heads, marks, column_stride(window) * config.retroactive)
        return (), (), *rings, *landmarks, sums, betas

    def rings(self, state: NystromState) -> Projected:
        return Projected(state.queries, state.keys, state.values[..., :-1])

    def append(self, tokens: Projected, state: NystromState, active: Tensor | None) -> None:
        slot = state.slot.clone()
        write_token(state.keys, slot, tokens.keys[:, :, 0], active)
        write_token(state.values, slot, with_ones(tokens.values)[:, :, 0], active)
        write_token(state.queries, slot, tokens.queries[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)
        at, rings = places(self.config.window, slot), (state.keys, state.values)
        slide(state.sums, state.landmarks.queries, rings, at, active)
        if self.config.retroactive:
            beta = softmax_weights(tokens.queries, state.landmarks.keys)
            write_token(state.betas.mT, slot, beta[:, :, 0], active)

    def read(self, state: NystromState) -> Tensor:
        window = self.config.window
        sums = window_total(state.sums, total_rows(window, state.slot)).mT
        delta_values = sums[..., :-1] / sums[..., -1:]
        if not self.config.retroactive:
            return mix(newest_queries(state), state.landmarks, delta_values)
        mixed = state.landmarks.gamma_inv @ delta_values
        rows = state.betas[..., :window].transpose(-1, -2) @ mixed
        return take(rows, window_order(state.slot, state.valid_tokens, window))

    def scan(
        self, tokens: Projected, state: NystromState, group: StreamGroup
    ) -> tuple[Tensor, NystromState]:
        timeline, kept, seen = extend(self.rings(state), tokens, group, self.config.window)
        context, landmarks = self.scan_sums(timeline, state, group.slot)
        return context, build_state(kept, landmarks, self.config, seen)

    def stepped(
        self, tokens: Projected, state: NystromState, group: StreamGroup
    ) -> tuple[Tensor, NystromState] | None:
        steps, early = self.compiled, self.filling(group.valid_tokens)
        if self.config.retroactive or steps is None or early >= tokens.keys.shape[2]:
            return None
        if torch.is_grad_enabled() and any(part.requires_grad for part in tokens):
            return None
        if steps.arrays_of(state) is None:
            return None
        if not early:
            after = clone_state(state)
            return steps.scan(tokens, steps.arrays_of(after)), after
        first, after = self.scan(tokens.span(0, early), state, group)
        return torch.cat([first, steps.scan(tokens.span(early), steps.arrays_of(after))], 2), after

    def filling(self, valid_tokens: int) -> int:  # noqa: ARG002  # of landmarks that are always there
        """Tokens until the window is full, which kernels cannot take."""
        return 0

    def scan_sums(
        self, timeline: Timeline, state: NystromState, slot: int
    ) -> tuple[Tensor, Landmarks]:
        """Contexts of the new tokens of streams at one place, and the landmarks after them."""
        raise NotImplementedError


def newest_queries(state: NystromState) -> Tensor:
    """The newest token's queries, (B, H, 1, D)."""
    if state.queries.shape[2] == 1:
        return state.queries
    return read_token(state.queries, (state.slot - 1) % state.window)[:, :, None]


def summed_operations(config: AttentionConfig) -> Part:
    """Sums that slide by a token, and one row of the product or all."""
    size, landmarks, window = config.head_dim, config.landmarks, config.window
    sliding = MERGES * landmarks * (2 * (size + 1) + 2) + landmarks * size
    if config.retroactive:
        products = 3 * landmarks * size + landmarks**2 * size + window * landmarks * size
    else:
        products = 4 * landmarks * size + landmarks**2
    return Part(products, sliding + 3 * landmarks)


def published_step(config: AttentionConfig) -> float:
    """The paper's closed form between ticks."""
    size, landmarks = config.head_dim, config.landmarks
    rows = config.window * landmarks * size + 2 * landmarks if config.retroactive else 0
    return rows + 8 * landmarks * size + landmarks**2 + 6 * landmarks

"""Full attention: the original Transformer, the whole window computed again at every token."""

from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from cla.attention import kernels
from cla.attention.config import AttentionConfig
from cla.attention.kinds.kind import Look, RestsOn
from cla.attention.kinds.windowed import WindowKind
from cla.attention.operations import SOFTMAX, Part
from cla.attention.projected import Projected, on_host, softmax_weights
from cla.attention.rings import is_alone, read_token, take, unseen_places, window_order
from cla.attention.scan import scan_softmax
from cla.attention.timeline import Timeline


class FullKind(WindowKind):
    """Softmax(Q K^T) V over the window, all N rows recomputed at every token.

    Source: arXiv 2412.03214, equation 1.
    Cost: 2 N^2 D multiply-adds per head and token, plus the softmax of N^2 entries.
    """

    label = "full"
    look: ClassVar[Look | None] = Look("#7a7a7a", "solid", "circle")
    recomputes = True
    rests_on: ClassVar[RestsOn | None] = "tokens"

    @cached_property
    def compiled(self) -> Any:
        return kernels.steps.WindowSteps(self.config)

    def read(self, state: Any) -> Tensor:
        context = ring_context(state.queries, state.keys, state.values, state.valid_tokens)
        if self.config.retroactive:
            order = window_order(state.slot, state.valid_tokens, self.config.window)
            return ordered_rows(context, order)
        if is_alone(state.slot):
            place = (int(state.slot) - 1) % self.config.window
            return context.narrow(2, min(place, context.shape[2] - 1), 1)
        newest = (state.slot - 1) % self.config.window
        newest = newest.clamp(max=context.shape[2] - 1)  # of an idle stream it may lie beyond
        return read_token(context, newest)[:, :, None]

    def weights(self, rows: Tensor, tokens: Projected, unseen: Tensor | None) -> Tensor:
        return softmax_weights(rows, tokens.keys, unseen)

    def attend(self, rows: Tensor, tokens: Projected, seen: Tensor | None = None) -> Tensor:
        mask = None if seen is None else ~unseen_places(seen, tokens.keys.shape[2])
        return scaled_dot_product_attention(
            rows, tokens.keys, tokens.values, attn_mask=mask, scale=1.0
        )

    def contexts(self, timeline: Timeline) -> Tensor:
        return super().contexts(timeline) if self.config.retroactive else scan_softmax(timeline)

    @staticmethod
    def operations(config: AttentionConfig, seen: int, *, anew: bool) -> Part:  # noqa: ARG004  # it always is
        return Part(2 * seen**2 * config.head_dim, SOFTMAX * seen**2)

    @staticmethod
    def published(config: AttentionConfig) -> float:
        window, size = config.window, config.head_dim
        return 2 * window**2 * size + 2 * window * size


def ring_context(queries: Tensor, keys: Tensor, values: Tensor, valid_tokens: Tensor) -> Tensor:
    """Contexts of all rows of rings, or of other queries, over the tokens seen; in ring order.

    Shapes:
        queries: (B, H, N or R, D)
        keys, values: (B, H, N, D)
        returns: (B, H, T or R, D), where T is N, or less while all windows are shorter
    """
    limit, attended = _seen(keys, valid_tokens)
    if limit < keys.shape[2]:
        queries = queries[:, :, :limit] if queries.shape[2] == keys.shape[2] else queries
        keys, values = keys[:, :, :limit], values[:, :, :limit]
    return scaled_dot_product_attention(queries, keys, values, attn_mask=attended, scale=1.0)


def _seen(keys: Tensor, valid_tokens: Tensor) -> tuple[int, Tensor | None]:
    """Places of rings that may hold tokens, and a mask (B, 1, 1, T) where streams differ."""
    window = keys.shape[2]
    limit = window
    if on_host(valid_tokens):
        counts = [max(count, 1) for count in valid_tokens.tolist()]
        limit = max(counts, default=1)
        if min(counts, default=1) == limit:
            return limit, None
    place = torch.arange(limit, device=keys.device)
    return limit, (place < valid_tokens.clamp(min=1)[:, None])[:, None, None]


def ordered_rows(context: Tensor, order: Tensor) -> Tensor:
    """Contexts in window order, (B, H, N, D), of those of a ring, (B, H, T, D)."""
    missing = order.shape[1] - context.shape[2]
    return take(torch.nn.functional.pad(context, (0, 0, 0, missing)), order)

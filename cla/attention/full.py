"""Full attention: the original Transformer, the whole window computed again at every token."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from cla.attention.emits import FullEmits, pad_left
from cla.attention.projected import Projected, on_host
from cla.attention.rings import is_alone, read_token, take, window_order
from cla.attention.scan import scan_softmax
from cla.attention.timeline import Timeline
from cla.attention.windowed import WindowedAttention, WindowState


class FullAttention(WindowedAttention):
    """Softmax(Q K^T) V over the window, all N rows recomputed at every token.

    Source: arXiv 2412.03214, equation 1.
    Cost: 2 N^2 D multiply-adds per head and token, plus the softmax of N^2 entries.
    """

    def attend(
        self,
        tokens: Projected,
        state: WindowState,
        *,
        emit: bool = False,
        active: Tensor | None = None,
    ) -> tuple[Tensor, Any]:
        newest = state.slot.clone()
        self.append(tokens, state, active)
        context = ring_context(state.queries, state.keys, state.values, state.valid_tokens)
        emits = self.step_emits(tokens.queries, state) if emit else None
        if self.config.retroactive:
            order = window_order(state.slot, state.valid_tokens, self.config.window)
            return ordered_rows(context, order), emits
        if active is None and is_alone(newest):
            return context.narrow(2, int(newest), 1), emits
        newest = newest.clamp(max=context.shape[2] - 1)  # of an idle stream it may lie beyond
        return read_token(context, newest)[:, :, None], emits

    def step_emits(self, queries: Tensor, state: Any) -> FullEmits:
        row = full_rows(queries, state.keys, state.valid_tokens)[:, :, 0]
        return FullEmits(ordered_row(row, state.slot, state.valid_tokens, self.config.window))

    def young_rows(self, tokens: Projected, seen: Tensor) -> Tensor:
        attended = torch.arange(tokens.keys.shape[2], device=seen.device) < seen[:, None]
        return scaled_dot_product_attention(*tokens, attn_mask=attended[:, None, None], scale=1.0)

    def window_context(self, tokens: Projected) -> Tensor:
        context = scaled_dot_product_attention(*tokens, scale=1.0)
        return context if self.config.retroactive else context[..., -1:, :]

    def context_emits(self, tokens: Projected) -> FullEmits:
        window = self.config.window
        return FullEmits(pad_left(_attention(tokens), window, window))

    def scan_timeline(self, timeline: Timeline) -> Tensor:
        if self.config.retroactive:
            return super().scan_timeline(timeline)
        return scan_softmax(timeline)


def full_rows(queries: Tensor, keys: Tensor, valid_tokens: Tensor) -> Tensor:
    """Attention of some queries over the tokens seen, in ring order.

    Shapes:
        queries: (B, H, R, D)
        keys: (B, H, N, D)
        returns: (B, H, R, T), where T is N, or less while all windows are shorter
    """
    limit, attended = _seen(keys, valid_tokens)
    logits = queries @ keys[:, :, :limit].transpose(-1, -2)
    if attended is not None:
        logits = logits.masked_fill(~attended, -torch.inf)
    return logits.softmax(-1)


def ring_context(queries: Tensor, keys: Tensor, values: Tensor, valid_tokens: Tensor) -> Tensor:
    """Contexts of all rows of rings, or of other queries, over the tokens seen; in ring order.

    Shapes:
        queries: (B, H, N or R, D)
        keys, values: (B, H, N, D)
        returns: (B, H, T or R, D), where T is N, or less while all windows are shorter
    """
    limit, attended = _seen(keys, valid_tokens)
    rows = queries[:, :, :limit] if queries.shape[2] == keys.shape[2] else queries
    return scaled_dot_product_attention(
        rows, keys[:, :, :limit], values[:, :, :limit], attn_mask=attended, scale=1.0
    )


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


def ordered_row(row: Tensor, slot: Tensor, valid_tokens: Tensor, window: int) -> Tensor:
    """One attention row in window order, zero what is unseen.

    Shapes:
        row: (B, H, T), in ring order
        returns: (B, H, 1, N)
    """
    if is_alone(slot) and row.shape[-1] == window:
        return row.roll(-int(slot), -1)[:, :, None]
    order = window_order(slot, valid_tokens, window)
    full = torch.nn.functional.pad(row, (0, window - row.shape[-1]))
    ordered = full.gather(2, order[:, None].expand_as(full))
    unseen = torch.arange(window, device=row.device) < window - valid_tokens[:, None]
    return ordered.masked_fill(unseen[:, None], 0)[:, :, None]


def _attention(tokens: Projected) -> Tensor:
    return (tokens.queries @ tokens.keys.transpose(-1, -2)).softmax(-1)

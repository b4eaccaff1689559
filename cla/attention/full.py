"""Full attention: the original Transformer, the whole window computed again at every token."""

from typing import Any

import torch
from torch import Tensor

from cla.attention.emits import FullEmits, pad_left
from cla.attention.projected import Projected
from cla.attention.rings import selected, take, window_order
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
        streams = torch.arange(len(newest), device=newest.device)
        newest = newest.clamp(max=context.shape[2] - 1)  # of an idle stream it may lie beyond
        return context[streams, :, newest][:, :, None], emits

    def step_emits(self, queries: Tensor, state: Any) -> FullEmits:
        row = full_rows(queries, state.keys, state.valid_tokens)[:, :, 0]
        order = window_order(state.slot, state.valid_tokens, self.config.window)
        return FullEmits(ordered_row(row, order, state.valid_tokens))

    def young_rows(self, tokens: Projected, seen: Tensor) -> Tensor:
        unseen = torch.arange(tokens.keys.shape[2], device=seen.device) >= seen[:, None]
        logits = tokens.queries @ tokens.keys.transpose(-1, -2)
        return logits.masked_fill(unseen[:, None, None], -torch.inf).softmax(-1) @ tokens.values

    def window_context(self, tokens: Projected) -> Tensor:
        context = _attention(tokens) @ tokens.values
        return context if self.config.retroactive else context[..., -1:, :]

    def context_emits(self, tokens: Projected) -> FullEmits:
        window = self.config.window
        return FullEmits(pad_left(_attention(tokens), window, window))

    def scan_timeline(self, timeline: Timeline) -> Tensor:
        if self.config.retroactive:
            return super().scan_timeline(timeline)
        return scan_softmax(timeline)


def full_rows(queries: Tensor, keys: Tensor, valid_tokens: Tensor) -> Tensor:
    """Attention of all rows of rings over the tokens seen, in ring order.

    Shapes:
        queries: (B, H, R, D)
        keys: (B, H, N, D)
        returns: (B, H, R, T), where T is N, or less while all windows are shorter
    """
    window = keys.shape[2]
    if selected(valid_tokens < window) is None:
        return (queries @ keys.transpose(-1, -2)).softmax(-1)
    on_host = valid_tokens.device.type == "cpu" and not torch.compiler.is_compiling()
    limit = max([1, *valid_tokens.tolist()]) if on_host else window
    rows = queries[:, :, :limit] if queries.shape[2] == window else queries
    logits = rows @ keys[:, :, :limit].transpose(-1, -2)
    unseen = torch.arange(limit, device=keys.device) >= valid_tokens.clamp(min=1)[:, None]
    return logits.masked_fill(unseen[:, None, None], -torch.inf).softmax(-1)


def ring_context(queries: Tensor, keys: Tensor, values: Tensor, valid_tokens: Tensor) -> Tensor:
    """Contexts of `full_rows`, (B, H, R, D), of rings that hold values of the same tokens."""
    rows = full_rows(queries, keys, valid_tokens)
    return rows @ values[:, :, : rows.shape[-1]]


def ordered_rows(context: Tensor, order: Tensor) -> Tensor:
    """Contexts in window order, (B, H, N, D), of those of a ring, (B, H, T, D)."""
    missing = order.shape[1] - context.shape[2]
    return take(torch.nn.functional.pad(context, (0, 0, 0, missing)), order)


def ordered_row(row: Tensor, order: Tensor, valid_tokens: Tensor) -> Tensor:
    """One attention row in window order, zero what is unseen.

    Shapes:
        row: (B, H, T), in ring order
        returns: (B, H, 1, N)
    """
    window = order.shape[1]
    full = torch.nn.functional.pad(row, (0, window - row.shape[-1]))
    ordered = full.gather(2, order[:, None].expand_as(full))
    unseen = torch.arange(window, device=row.device) < window - valid_tokens[:, None]
    return ordered.masked_fill(unseen[:, None], 0)[:, :, None]


def _attention(tokens: Projected) -> Tensor:
    return (tokens.queries @ tokens.keys.transpose(-1, -2)).softmax(-1)

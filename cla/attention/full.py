"""Full attention: the original Transformer, the whole window computed again at every token."""

from typing import NamedTuple

import torch
from torch import Tensor

from cla.attention.emits import FullEmits, pad_left
from cla.attention.layer import AttentionLayer, Projected, chunk_lengths, ring_order
from cla.attention.state import Step, narrow_state, stream_groups

SCAN_CHUNK_TOKENS = 128


class FullState(NamedTuple):
    """Rings of the projected window.

    Shapes:
        valid_tokens: (B,) int64 on the CPU, tokens the next output's window already holds, <= N
        slot: (B,) int64 on the CPU, ring place of the next token
        queries, keys, values: (B, H, N, D)
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor


class FullAttention(AttentionLayer):
    """Softmax(Q K^T) V over the window, all N rows recomputed at every token.

    Source: arXiv 2412.03214, equation 1.
    Cost: 2 N^2 D multiply-adds per head and token, plus the softmax of N^2 entries.
    """

    @property
    def receptive_field(self) -> int:
        return self.config.window

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> FullState:
        weight = self.query_proj.weight
        shape = (batch_size, self.config.num_heads, self.config.window, self.config.head_dim)
        rings = (
            torch.zeros(shape, device=device or weight.device, dtype=dtype or weight.dtype)
            for _ in range(3)
        )
        counters = (torch.zeros(batch_size, dtype=torch.int64) for _ in range(2))
        return FullState(*counters, *rings)

    @torch.no_grad()
    def step(self, x: Tensor, state: FullState, *, emit: bool = False) -> Step:
        window = self.config.window
        new = self.project(x[:, None], state.keys.dtype)
        contexts: list[Tensor] = []
        rows: list[Tensor] = []
        for group in stream_groups(state.slot, state.valid_tokens):
            part = narrow_state(state, group)
            for ring, token in zip(part[2:], new, strict=True):
                ring[:, :, group.slot] = token[group.start : group.start + group.length, :, 0]
            seen = min(group.valid_tokens + 1, window)
            context, attention = _attend(Projected(*(ring[:, :, :seen] for ring in part[2:])))
            newest = slice(group.slot, group.slot + 1)
            contexts.append(context[:, :, newest])
            if emit:
                ordered = torch.roll(attention[:, :, newest], -(group.slot + 1), -1)
                rows.append(pad_left(ordered, 1, window))
        state.slot.add_(1).remainder_(window)
        state.valid_tokens.add_(1).clamp_(max=window)
        output = self.merge_heads(torch.cat(contexts)).squeeze(1)
        return Step(output, state, FullEmits(torch.cat(rows)) if emit else None)

    def forward(self, x: Tensor, *, emit: bool = False) -> Tensor | tuple[Tensor, FullEmits]:
        self.check_forward_length(x)
        context, attention = _attend(self.project(x, x.dtype))
        output = self.merge_heads(context[:, :, -1:]).squeeze(1)
        window = self.config.window
        return (output, FullEmits(pad_left(attention, window, window))) if emit else output

    def scan(self, x: Tensor, state: FullState) -> tuple[Tensor, FullState]:
        outputs, states = [], []
        for group in stream_groups(state.slot, state.valid_tokens):
            part = narrow_state(state, group)
            tokens = x[group.start : group.start + group.length]
            output, after = self._scan_group(tokens, part, group.slot, group.valid_tokens)
            outputs.append(output)
            states.append(after)
        return torch.cat(outputs), FullState(*map(torch.cat, zip(*states, strict=True)))

    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> FullState:
        seen = self.check_window(window, tokens_seen)
        return self._state(self.project(window, window.dtype), seen)

    def window_emits(self, window: Tensor, state: FullState) -> FullEmits:
        size = self.config.window
        _, attention = _attend(self.project(window[:, -size:], state.keys.dtype))
        return FullEmits(pad_left(attention, size, size))

    def _scan_group(
        self, x: Tensor, state: FullState, slot: int, valid: int
    ) -> tuple[Tensor, FullState]:
        window = self.config.window
        history = Projected(*(ring_order(ring, slot) for ring in state[2:]))
        new = self.project(x, state.keys.dtype)
        line = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
        outputs = []
        start = 0
        for length in chunk_lengths(x.shape[1], SCAN_CHUNK_TOKENS):
            span = line.span(start, start + window + length)
            outputs.append(self.merge_heads(banded_context(span, window, window - valid - start)))
            start += length
        seen = tokens_seen(slot, valid, window) + x.shape[1]
        return torch.cat(outputs, 1), self._state(line.span(-min(seen, window)), seen)

    def _state(self, tokens: Projected, seen: int) -> FullState:
        window = self.config.window
        valid = min(seen, window)
        slot = seen % window
        counters = (
            torch.full((tokens.keys.shape[0],), count, dtype=torch.int64) for count in (valid, slot)
        )
        return FullState(
            *counters, *(to_ring(part[..., -valid:, :], window, slot) for part in tokens)
        )


def tokens_seen(slot: int, valid_tokens: int, window: int) -> int:
    """A stream length, short or of at least one cycle, that gives these counters."""
    return slot + window if valid_tokens == window else valid_tokens


def to_ring(tokens: Tensor, window: int, slot: int) -> Tensor:
    """Put the newest tokens in their ring places; unseen places are zero.

    Shapes:
        tokens: (B, H, T, D), T <= N
        returns: (B, H, N, D)
    """
    missing = window - tokens.shape[-2]
    if missing:
        return torch.nn.functional.pad(tokens, (0, 0, 0, missing))
    return torch.roll(tokens, slot, dims=-2)


def banded_context(line: Projected, window: int, unseen: int) -> Tensor:
    """Softmax attention of each of the last T tokens over the `window` tokens that end in it.

    Args:
        line: N + T tokens in order of time.
        unseen: how many of the first tokens do not exist yet.

    Shapes:
        returns: (B, H, T, D)
    """
    queries = line.queries[..., window:, :]
    position = torch.arange(line.keys.shape[-2], device=line.keys.device)
    newest = position[window:, None]
    outside = (position > newest) | (position <= newest - window) | (position < unseen)
    logits = queries @ line.keys.transpose(-1, -2)
    return logits.masked_fill(outside, -torch.inf).softmax(-1) @ line.values


def _attend(tokens: Projected) -> tuple[Tensor, Tensor]:
    attention = (tokens.queries @ tokens.keys.transpose(-1, -2)).softmax(-1)
    return attention @ tokens.values, attention

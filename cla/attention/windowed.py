"""Kinds whose state is the projected window itself: full, continual and batch Nyström."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention.autocast import outside_autocast
from cla.attention.checks import check_window
from cla.attention.layer import AttentionLayer
from cla.attention.projected import Projected
from cla.attention.rings import advance_counters, is_alone, ring_order, to_ring, write_token
from cla.attention.scan import scan_windows
from cla.attention.state import narrow_state, stack_states, stream_groups
from cla.attention.timeline import Timeline


class WindowState(NamedTuple):
    """Rings of the projected window.

    Shapes:
        valid_tokens: (B,) int64, tokens the window holds, <= N
        slot: (B,) int64, ring place of the next token
        queries, keys, values: (B, H, N, D); no queries where only the newest matters
    """

    valid_tokens: Tensor
    slot: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor

    @property
    def window(self) -> int:
        """N."""
        return self.keys.shape[2]


class WindowedAttention(AttentionLayer):
    """Base of the kinds that keep queries, keys and values of the window, and no sums."""

    state_type: type = WindowState
    keeps_queries = True

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> Any:
        like = self.like
        config = self.config
        empty = torch.zeros(
            (batch_size, config.num_heads, 0, config.head_dim),
            device=device or like.device,
            dtype=self.state_dtype(dtype or like.dtype),
        )
        return self.window_state(Projected(empty, empty, empty), 0)

    def window_state(self, tokens: Projected, seen: int) -> Any:
        """State after a stream of `seen` tokens that ends in `tokens`."""
        window = self.config.window
        valid, slot = min(seen, window), seen % window
        batch, device = tokens.keys.shape[0], tokens.keys.device
        counters = (
            torch.full((batch,), count, dtype=torch.int64, device=device) for count in (valid, slot)
        )
        start = tokens.keys.shape[-2] - valid
        rings = [to_ring(part[..., start:, :], window, slot) for part in tokens]
        if not self.keeps_queries:
            rings[0] = rings[0][:, :, :0]
        return WindowState(*counters, *rings)

    def append(self, tokens: Projected, state: Any, active: Tensor | None) -> None:
        """Write one token of each active stream, (B, H, 1, D), into the state's rings."""
        if active is None and is_alone(state.slot):
            _append_alone(tokens, state, self.config.window)
            return
        slot = state.slot.clone()
        for ring, token in zip((state.queries, state.keys, state.values), tokens, strict=True):
            write_token(ring, slot, token[:, :, 0], active)
        advance_counters(state.slot, state.valid_tokens, self.config.window, active)

    def rings(self, state: Any) -> Projected:
        """Queries, keys and values of a window, (B, H, N, D); where none are kept, zero queries."""
        queries = state.queries if self.keeps_queries else torch.zeros_like(state.keys)
        return Projected(queries, state.keys, state.values)

    @outside_autocast
    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> Any:
        seen = check_window(window, tokens_seen, self.config, self.receptive_field)
        tokens = self.project(window, self.state_dtype(window.dtype))
        return self.window_state(tokens, seen)

    @outside_autocast
    def window_emits(self, window: Tensor, state: Any) -> Any:
        return self.context_emits(self.project(window[:, -self.config.window :], state.keys.dtype))

    def scan_part(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        outputs, states = [], []
        for group in stream_groups(state.slot, state.valid_tokens):
            part = narrow_state(state, group)
            tokens = x[group.start : group.start + group.length]
            output, after = self._scan_group(tokens, part, group.slot, group.valid_tokens)
            outputs.append(output)
            states.append(after)
        output = torch.cat(outputs)
        if self.config.retroactive:
            output = self.zero_unseen(output, self.scan_valid_tokens(state, x.shape[1]))
        return output, stack_states(states)

    def _scan_group(self, x: Tensor, state: Any, slot: int, valid: int) -> tuple[Tensor, Any]:
        new = self.project(x, state.keys.dtype)
        history = Projected(*(ring_order(ring, slot) for ring in self.rings(state)))
        tokens = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
        window = self.config.window
        output = self.merge_heads(self.scan_timeline(Timeline(tokens, window - valid, window)))
        seen = tokens_seen(slot, valid, window) + x.shape[1]
        kept = tokens.span(tokens.keys.shape[-2] - min(seen, window))
        return output, self.window_state(kept, seen)

    def scan_timeline(self, timeline: Timeline) -> Tensor:
        """Contexts of the new tokens, (B, H, T, D), or (B, T, H, N, D) if retroactive."""
        return scan_windows(timeline, self.window_context, self.config.retroactive)


def _append_alone(tokens: Projected, state: Any, window: int) -> None:
    """Write a token into the only stream of a state: by its place, in few calls."""
    slot, valid = int(state.slot), int(state.valid_tokens)
    for ring, token in zip((state.queries, state.keys, state.values), tokens, strict=True):
        ring.select(2, slot).copy_(token.select(2, 0))
    state.slot.fill_((slot + 1) % window)
    state.valid_tokens.fill_(min(valid + 1, window))


def tokens_seen(slot: int, valid_tokens: int, window: int) -> int:
    """A stream length, short or of at least one cycle, that gives these counters."""
    return slot + window if valid_tokens == window else valid_tokens

"""Kinds whose state is the projected window itself: full, continual and batch Nyström."""

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cla.attention.autocast import outside_autocast
from cla.attention.checks import check_window
from cla.attention.layer import AttentionLayer
from cla.attention.projected import Projected, pick
from cla.attention.rings import ring_order, to_ring
from cla.attention.state import narrow_state, stack_states, stream_groups

SCAN_CHUNK_TOKENS = 128
ELEMENTS_PER_PASS = 2**24
"""Bound on the entries of the attention maps that one pass of a scan holds."""


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
        line = Projected(*(torch.cat(pair, -2) for pair in zip(history, new, strict=True)))
        window = self.config.window
        outputs = self.scan_line(line, window - valid)
        seen = tokens_seen(slot, valid, window) + x.shape[1]
        kept = line.span(line.keys.shape[-2] - min(seen, window))
        return outputs, self.window_state(kept, seen)

    @abstractmethod
    def scan_line(self, line: Projected, unseen: int) -> Tensor:
        """Outputs of the last T of N + T tokens, of which the first `unseen` do not exist."""

    def scan_windows(self, line: Projected, unseen: int) -> Tensor:
        """`scan_line` as whole windows, many at once."""
        window, length = self.config.window, line.keys.shape[-2] - self.config.window
        outputs = []
        for end in range(window + 1, min(window + unseen, window + length + 1)):
            context = self.window_context(line.span(unseen, end))
            rows = window if self.config.retroactive else 1
            output = self.merge_heads(context)
            missing = rows - output.shape[1]
            outputs.append(torch.nn.functional.pad(output, (0, 0, missing, 0))[:, None])
        start = max(unseen, 1)
        if start > length:
            return self._joined(outputs)
        windows = Projected(*(part[..., start:, :].unfold(-2, window, 1) for part in line))
        count = windows.keys.shape[2]
        per_window = line.keys.shape[0] * self.config.num_heads * window**2
        step = max(1, ELEMENTS_PER_PASS // per_window)
        for first in range(0, count, step):
            # (B, H, C, D, N) to (B, C, H, N, D)
            some = Projected(
                *(part[:, :, first : first + step].permute(0, 2, 1, 4, 3) for part in windows)
            )
            outputs.append(self.merge_heads(self.window_context(some)))
        return self._joined(outputs)

    def _joined(self, outputs: list[Tensor]) -> Tensor:
        output = torch.cat(outputs, 1)
        return output if self.config.retroactive else output[:, :, 0]

    def scan_bands(self, line: Projected, unseen: int) -> Tensor:
        """`scan_line` of softmax attention of each token over the window that ends in it."""
        window, length = self.config.window, line.keys.shape[-2] - self.config.window
        outputs = []
        for start in range(0, length, SCAN_CHUNK_TOKENS):
            span = line.span(start, min(start + SCAN_CHUNK_TOKENS, length) + window)
            outputs.append(self.merge_heads(banded_context(span, window, unseen - start)))
        return torch.cat(outputs, 1)


def tokens_seen(slot: int, valid_tokens: int, window: int) -> int:
    """A stream length, short or of at least one cycle, that gives these counters."""
    return slot + window if valid_tokens == window else valid_tokens


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
    inside = (position <= newest) & (position > newest - window) & (position >= unseen)
    logits = queries @ line.keys.transpose(-1, -2)
    return pick(logits.masked_fill(~inside, -torch.inf).softmax(-1), inside, line.values)

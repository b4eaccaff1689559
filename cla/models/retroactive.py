"""Layers that refresh their whole window at every token, and a single-output layer on top."""

from typing import Any

import torch
from torch import Tensor

from cla.attention import (
    FullEmits,
    OperationCount,
    attention_map,
    refresh_count,
    refresh_operations,
    step_operations,
    summed,
)
from cla.attention.rings import take, window_order, write_token
from cla.models.encoder_layer import EncoderLayer
from cla.models.stack import EncoderStack, StackState, layer_operations

ELEMENTS_PER_PASS = 2**24
"""Bound on the refreshed tokens times their size that one pass of a scan holds."""


class RetroactiveStack(EncoderStack):
    """Two or more layers that give what the same Transformer gives of the whole window.

    Only the first layer keeps a state: all tokens that layers above attend to change at every step.
    Their attention is therefore that of a whole window, of which the last needs the newest row.

    Source: arXiv 2201.06268, section 3.4; arXiv 2412.03214, section 4.
    """

    @property
    def upper(self) -> list[EncoderLayer]:
        """The layers above the first."""
        return list(self)[1:]

    def fits(self, state: StackState) -> bool:
        return len(state.layers) == 1 and state.tokens.shape[1] == self.window

    @property
    def receptive_field(self) -> int:
        return self.first.attention.receptive_field

    @property
    def operations(self) -> tuple[OperationCount | None, ...]:
        refreshed = (refresh_count(layer.attention.config) for layer in self.upper)
        return layer_operations(self.first), *refreshed

    def step_operations(self, state: StackState) -> int | None:
        slot, valid = int(state.layers[0].slot[0]), int(state.layers[0].valid_tokens[0])
        below = step_operations(self.first.attention.config, slot, valid)
        above = (refresh_operations(layer.attention.config, valid + 1) for layer in self.upper)
        return summed([below, *above])

    def init_state(
        self, batch_size: int, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> StackState:
        like = self.first.attention.like
        layer = self.first.attention.init_state(batch_size, device=device, dtype=dtype)
        shape = (batch_size, self.window, self.first.attention.config.embed_dim)
        ring = torch.zeros(shape, device=layer.keys.device, dtype=dtype or like.dtype)
        return StackState((layer,), ring)

    def step(
        self, token: Tensor, state: StackState, *, emit: bool, active: Tensor | None
    ) -> tuple[Tensor, tuple[Any, ...] | None]:
        below = state.layers[0]
        write_token(state.tokens[:, None], below.slot, token[:, None], active)
        given = self.first.attended(token)
        attended = self.first.attention.step(given, below, emit=emit, active=active)
        rows = self.first.complete(self._line(state), attended.output)
        output, inputs = self._refresh(rows, below.valid_tokens)
        if not emit:
            return output, None
        pairs = zip(self.upper, inputs, strict=True)
        newest = (_newest_emits(*pair, below.valid_tokens) for pair in pairs)
        return output, (attended.emits, *newest)

    def append(self, token: Tensor, state: StackState) -> None:
        below = state.layers[0]
        write_token(state.tokens[:, None], below.slot, token[:, None], None)
        self.first.attention.append(self.first.attended(token), below)

    def inputs(self, tokens: Tensor) -> list[Tensor]:
        given = [tokens]
        for layer in list(self)[:-1]:
            given.append(layer.complete(given[-1], layer.attention(layer.attended(given[-1]))))
        return given

    def scan(self, tokens: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        below = state.layers[0]
        per_token = tokens.shape[0] * self.window * tokens.shape[2]
        outputs = []
        for part in tokens.split(max(1, ELEMENTS_PER_PASS // per_token), 1):
            valid = self.first.attention.scan_valid_tokens(below, part.shape[1])
            line = torch.cat([self._line(state), part], 1)
            attended, below = self.first.attention.scan(self.first.attended(part), below)
            windows = line[:, 1:].unfold(1, self.window, 1).transpose(2, 3)  # (B, T, N, E)
            rows = self.first.complete(windows, attended).flatten(0, 1)
            output, _ = self._refresh(rows, valid.flatten())
            outputs.append(output.unflatten(0, attended.shape[:2]))
            state = StackState((below,), self._ring(line[:, -self.window :], below))
        return torch.cat(outputs, 1), state

    def state_from_window(self, tokens: Tensor, tokens_seen: int | None) -> StackState:
        given = self.first.attended(tokens)
        layer = self.first.attention.state_from_window(given, tokens_seen=tokens_seen)
        missing = max(self.window - tokens.shape[1], 0)
        line = torch.nn.functional.pad(tokens[:, -self.window :], (0, 0, missing, 0))
        return StackState((layer,), self._ring(line, layer))

    def explain(self, tokens: Tensor, state: StackState) -> tuple[Any, ...]:
        tokens = tokens[:, -self.window :]
        length, attention = tokens.shape[1], self.first.attention
        given = self.first.attended(tokens)
        emits = [attention.window_emits(given, state.layers[0])]
        values = attention.project(given, state.layers[0].keys.dtype).values
        rows = attention_map(emits[0])[..., -length:, -length:].to(values.dtype) @ values
        tokens = self.first.complete(tokens, attention.merge_heads(rows))
        for layer in self.upper:
            attended, found = layer.attention(layer.attended(tokens), emit=True)
            emits.append(found)
            if len(emits) < len(self.layers):
                tokens = layer.complete(tokens, attended)
        return tuple(emits)

    def reset(self, state: StackState, streams: Tensor) -> None:
        self.first.attention.reset(state.layers[0], streams)
        state.tokens.masked_fill_(streams[:, None, None], 0)

    def _refresh(self, rows: Tensor, valid_tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The newest output from refreshed rows (B, N, E), and what each upper layer was given."""
        inputs = []
        for layer in self.upper[:-1]:
            inputs.append(rows)
            attended = layer.attention.refresh(layer.attended(rows), valid_tokens)
            rows = layer.complete(rows, attended)
        last = self.upper[-1]
        attended = last.attention.refresh(last.attended(rows), valid_tokens)
        return last.complete(rows[:, -1], attended), [*inputs, rows]

    def _line(self, state: StackState) -> Tensor:
        """The first layer's input in window order, (B, N, E)."""
        below = state.layers[0]
        order = window_order(below.slot, below.valid_tokens, self.window)
        return take(state.tokens[:, None], order)[:, 0]

    def _ring(self, line: Tensor, layer: Any) -> Tensor:
        """Tokens (B, N, E) in window order to their places in the ring."""
        order = window_order(layer.slot, layer.valid_tokens, self.window)
        return torch.zeros_like(line).scatter(1, order[..., None].expand_as(line), line)


def _newest_emits(layer: EncoderLayer, rows: Tensor, valid_tokens: Tensor) -> Any:
    """Emits of the newest row of each stream's refreshed tokens."""
    emits = []
    for row, valid in zip(rows.split(1), valid_tokens.tolist(), strict=True):
        found = layer.attention(layer.attended(row[:, -max(valid, 1) :]), emit=True)[1]
        if isinstance(found, FullEmits):
            emits.append(FullEmits(found.attention[..., -1:, :]))
        else:
            emits.append(found._replace(beta=found.beta[..., -1:, :]))
    columns = zip(*emits, strict=True)
    return type(emits[0])(*(torch.cat(column) for column in columns))

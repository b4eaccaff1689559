"""Single-output layers on top of each other; also what a stack of one layer is."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from cla.attention import OperationCount, step_operations, summed
from cla.models.stack import EncoderStack, StackState, layer_operations

_step_operations = lru_cache(maxsize=2**14)(step_operations)


class CascadedStack(EncoderStack):
    """Each layer attends to the outputs that the layer below gave when their tokens were new.

    Source: for several layers ours; one layer is that of arXiv 2412.03214.
    """

    def fits(self, state: StackState) -> bool:
        return len(state.layers) == len(self.layers) and state.tokens.shape[1] == 0

    @property
    def receptive_field(self) -> int:
        return sum(layer.attention.receptive_field for layer in self)

    @property
    def operations(self) -> tuple[OperationCount | None, ...]:
        return tuple(layer_operations(layer) for layer in self)

    def step_operations(self, state: StackState) -> int | None:
        return summed(
            _step_operations(
                layer.attention.config, part.slot.tolist()[0], part.valid_tokens.tolist()[0]
            )
            for layer, part in zip(self, state.layers, strict=True)
        )

    def init_state(
        self, batch_size: int, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> StackState:
        states = tuple(
            layer.attention.init_state(batch_size, device=device, dtype=dtype) for layer in self
        )
        return StackState(states, self._no_tokens(states))

    def step(
        self, token: Tensor, state: StackState, *, emit: bool, active: Tensor | None
    ) -> tuple[Tensor, tuple[Any, ...] | None]:
        emits = []
        for layer, part in zip(self, state.layers, strict=True):
            attended = layer.attention.step(layer.attended(token), part, emit=emit, active=active)
            emits.append(attended.emits)
            token = layer.complete(token, attended.output)
        return token, tuple(emits) if emit else None

    def append(self, token: Tensor, state: StackState) -> None:
        *lower, last = zip(self, state.layers, strict=True)
        for layer, part in lower:
            token = layer.complete(token, layer.attention.step(layer.attended(token), part).output)
        layer, part = last
        layer.attention.append(layer.attended(token), part)

    def inputs(self, tokens: Tensor) -> list[Tensor]:
        given = [tokens]
        for layer in list(self)[:-1]:
            given.append(self._exact_outputs(layer, given[-1], tokens.shape[1]))
        return given

    def scan(self, tokens: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        states = []
        for layer, part in zip(self, state.layers, strict=True):
            attended, after = layer.attention.scan(layer.attended(tokens), part)
            states.append(after)
            tokens = layer.complete(tokens, attended)
        return tokens, state._replace(layers=tuple(states))

    def state_from_window(self, tokens: Tensor, tokens_seen: int | None) -> StackState:
        seen = tokens.shape[1] if tokens_seen is None else tokens_seen
        states: list[Any] = []
        for layer in self:
            given = layer.attended(tokens)
            states.append(layer.attention.state_from_window(given, tokens_seen=seen))
            if len(states) < len(self.layers):
                tokens = self._exact_outputs(layer, tokens, seen)
        return StackState(tuple(states), self._no_tokens(states))

    def explain(self, tokens: Tensor, state: StackState) -> tuple[Any, ...]:
        known, cycle = tokens.shape[1], self.window
        slot = int(state.layers[0].slot[0])
        # Any length of the stream will do that has the phase of its cycle and this past.
        seen = known if known < self.receptive_field else slot + (known // cycle + 1) * cycle
        emits = []
        for layer, part in zip(self, state.layers, strict=True):
            given = layer.attended(tokens[:, -cycle:])
            emits.append(layer.attention.window_emits(given, part))
            if len(emits) < len(self.layers):
                tokens = self._exact_outputs(layer, tokens, seen)
        return tuple(emits)

    def reset(self, state: StackState, streams: Tensor) -> None:
        for layer, part in zip(self, state.layers, strict=True):
            layer.attention.reset(part, streams)

    def _exact_outputs(self, layer: Any, tokens: Tensor, seen: int) -> Tensor:
        """Outputs of a layer for those of its tokens whose whole receptive field is known."""
        known = tokens.shape[1]
        if known == seen:
            state = layer.attention.init_state(
                len(tokens), device=tokens.device, dtype=tokens.dtype
            )
            attended, _ = layer.attention.scan(layer.attended(tokens), state)
            return layer.complete(tokens, attended)  # type: ignore[no-any-return]
        field = layer.attention.receptive_field
        given = layer.attended(tokens)
        state = layer.attention.state_from_window(
            given[:, :field], tokens_seen=seen - known + field
        )
        attended, _ = layer.attention.scan(given[:, field:], state)
        return layer.complete(tokens[:, field:], attended)  # type: ignore[no-any-return]

    def _no_tokens(self, states: Any) -> Tensor:
        keys = states[0].keys
        attention = self.first.attention
        embed, dtype = attention.config.embed_dim, attention.like.dtype
        return torch.zeros(keys.shape[0], 0, embed, device=keys.device, dtype=dtype)

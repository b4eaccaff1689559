"""Encoder layers, and what stands before and between them, as one module that streams."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from cla.attention import AttentionLayer, Step
from cla.attention.checks import check_active, check_step, check_tokens
from cla.attention.state import difference, released, scan_active, writing_to
from cla.attention.window_layer import SCAN_TOKENS
from cla.errors import ClaError
from cla.models.cascaded import CascadedStack
from cla.models.encoder_layer import EncoderLayer
from cla.models.retroactive import RetroactiveStack
from cla.models.stack import EncoderStack, StackMode, StackState


def make_stack(layers: Sequence[EncoderLayer], mode: StackMode) -> EncoderStack:
    """Layers on top of each other, see `StackMode`; of one layer there is one stack."""
    if len(layers) > 1 and mode == "retroactive":
        return RetroactiveStack(layers)
    return CascadedStack(layers)


class StreamEncoder(nn.Module):
    """A Transformer's encoder over the last N tokens of a stream; keeps the streaming contract.

    Args:
        stack: the encoder layers.
        before: what is done to each token alone before the first of them, any module.

    Shapes:
        x: (B, F) a step, (B, T, F) a scan
        output: (B, E), (B, T, E)
    """

    def __init__(self, stack: EncoderStack, before: nn.Module | None = None) -> None:
        super().__init__()
        self.before = nn.Identity() if before is None else before
        self.stack = stack

    @property
    def attentions(self) -> tuple[AttentionLayer, ...]:
        """The attention of each layer."""
        return tuple(layer.attention for layer in self.stack)

    @property
    def latency(self) -> int:
        """Tokens of look-ahead."""
        return 0

    @property
    def receptive_field(self) -> int:
        """Tokens that can influence an output."""
        return self.stack.receptive_field

    def with_attention(
        self, kind: str, *, num_landmarks: int | None = None, **options: Any
    ) -> "StreamEncoder":
        """The same weights (the same parameter objects) under another attention."""
        layers = [
            layer.with_attention(
                replace(layer.attention.config, kind=kind, num_landmarks=num_landmarks, **options)
            )
            for layer in self.stack
        ]
        return StreamEncoder(type(self.stack)(layers), self.before).train(self.training)

    def init_state(
        self,
        batch_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> StackState:
        """State of streams that have seen nothing."""
        return self.stack.init_state(batch_size, device, dtype)

    def step(
        self, x: Tensor, state: StackState, *, emit: bool = False, active: Tensor | None = None
    ) -> Step:
        """Advance every stream, or the `active` ones; owns `state`. Emits are those of each layer.

        The outputs of streams that are not active mean nothing.

        Raises:
            ClaError: the tokens do not fit the layers or the state.
        """
        self._check_state(state)
        with writing_to(state.layers[0].slot):
            token = self.before(x)
            size = self.stack.first.attention.config.embed_dim
            check_step(token, active, state.layers[0].slot, size)
            output, emits = self.stack.step(token, state, emit=emit, active=active)
        return Step(released(output), state, released(emits))

    def scan(
        self, x: Tensor, state: StackState, *, active: Tensor | None = None
    ) -> tuple[Tensor, StackState]:
        """The numbers of T steps, vectorized over time and differentiable; `active` as in `step`.

        Raises:
            ClaError: the tokens do not fit the layers or the state.
        """
        self._check_state(state)
        if active is not None:
            check_active(active, len(x))
            found: tuple[Tensor, StackState] = scan_active(self.scan, x, released(state), active)
            return found
        outputs = []
        for part in x.split(SCAN_TOKENS, 1):
            output, state = self.stack.scan(self._tokens(part), state)
            outputs.append(output)
        return torch.cat(outputs, 1), state

    def forward(self, x: Tensor) -> Tensor:
        """Output of the newest token of whole windows, (B, T, F) to (B, E)."""
        output: Tensor = self.stack(self._tokens(x))
        return output

    def state_from_window(self, window: Tensor, *, tokens_seen: int | None = None) -> StackState:
        """Exact state of streams of `tokens_seen` tokens that end in `window` (B, T, F)."""
        return self.stack.state_from_window(self._tokens(window), tokens_seen)

    def reset(self, state: StackState, streams: Tensor) -> None:
        """Let the masked streams (B,) of a state start anew, in place."""
        self.stack.reset(state, streams)

    def _tokens(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.before(x)
        check_tokens(tokens, self.stack.first.attention.config.embed_dim)
        return tokens

    def _check_state(self, state: StackState) -> None:
        if not isinstance(state, StackState) or not self.stack.fits(state):
            raise ClaError(
                "state_of_another_encoder", difference=difference(state, self.init_state(1))
            )

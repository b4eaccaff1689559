"""Encoder layers on top of each other, under the streaming contract."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from cla.attention import OperationCount, operation_count, summed
from cla.models.encoder_layer import EncoderLayer

StackMode = Literal["retroactive", "cascaded"]
"""How layers above the first see the past.

`retroactive`, as in the paper: lower layers refresh the outputs of their whole window at every
token, and the layers above attend to these. The output is that of the same Transformer run over the
window. `cascaded`: every layer is single-output and attends to the outputs that the layer below
gave when their tokens were new. No step grows with the window, and the outputs are others: weights
have to be trained so.
"""


class StackState(NamedTuple):
    """State of some streams.

    Shapes:
        layers: of each layer that keeps one
        tokens: (B, N, E) ring of the first layer's input where its rows are refreshed, or (B, 0, E)
    """

    layers: tuple[Any, ...]
    tokens: Tensor


class EncoderStack(nn.Module, ABC):
    """What both kinds of stack share.

    Shapes:
        tokens: (B, E) a step, (B, T, E) a scan; outputs likewise
    """

    def __init__(self, layers: Sequence[EncoderLayer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def __iter__(self) -> Any:
        return iter(self.layers)

    @property
    def first(self) -> EncoderLayer:
        """The layer nearest to the tokens."""
        layer: EncoderLayer = self.layers[0]  # type: ignore[assignment]  # a list of modules
        return layer

    @property
    def window(self) -> int:
        """N."""
        return self.first.attention.config.window

    @abstractmethod
    def fits(self, state: StackState) -> bool:
        """Whether a state is of as many layers, and keeps tokens where this stack does."""

    @property
    @abstractmethod
    def receptive_field(self) -> int:
        """Tokens that can influence an output."""

    @property
    @abstractmethod
    def operations(self) -> tuple[OperationCount | None, ...]:
        """Multiply-adds of each layer's attention product; None where a kind counts none."""

    @abstractmethod
    def step_operations(self, state: StackState) -> int | None:
        """Multiply-adds of the attention products that the next step spends on the first stream."""

    @abstractmethod
    def init_state(
        self, batch_size: int, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> StackState:
        """State of streams that have seen nothing."""

    @abstractmethod
    def step(
        self, token: Tensor, state: StackState, *, emit: bool, active: Tensor | None
    ) -> tuple[Tensor, tuple[Any, ...] | None]:
        """The newest outputs and, if asked for, the emits of each layer; writes to `state`."""

    @abstractmethod
    def append(self, token: Tensor, state: StackState) -> None:
        """Take a token in without an output; writes to `state`."""

    @abstractmethod
    def inputs(self, tokens: Tensor) -> list[Tensor]:
        """What each layer is given, (B, T, E), of whole windows."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Output of the newest token of whole windows, (B, T, E) to (B, E)."""
        last: EncoderLayer = self.layers[-1]  # type: ignore[assignment]  # a list of modules
        given = self.inputs(tokens)[-1]
        return last.complete(given[:, -1], last.attention(last.attended(given)))

    @abstractmethod
    def scan(self, tokens: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """The numbers of T steps."""

    @abstractmethod
    def state_from_window(self, tokens: Tensor, tokens_seen: int | None) -> StackState:
        """Exact state of streams that end in `tokens`."""

    @abstractmethod
    def explain(self, tokens: Tensor, state: StackState) -> tuple[Any, ...]:
        """Emits of each layer for every token of the window that `state` ends in."""

    @abstractmethod
    def reset(self, state: StackState, streams: Tensor) -> None:
        """Let the masked streams start anew, in place."""


def total(given: Sequence[OperationCount | None]) -> OperationCount | None:
    """Counts of several layers that step on the same tokens; None where one is not counted."""
    counts = [count for count in given if count is not None]
    if len(counts) < len(given):
        return None
    ticking = [count for count in counts if count.tick]
    return OperationCount(
        sum(count.step for count in counts),
        sum(count.tick for count in counts),
        ticking[0].tick_every if ticking else 0.0,
        sum(count.average for count in counts),
        summed(count.published for count in counts),
        sum(count.step_products for count in counts),
        sum(count.tick_products for count in counts),
    )


def layer_operations(layer: EncoderLayer) -> OperationCount | None:
    """Multiply-adds of a layer's attention product that steps."""
    return operation_count(layer.attention.config)

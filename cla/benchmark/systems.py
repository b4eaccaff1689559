"""Steppers of this library's own attention layers, and step times of stacks of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Literal

import torch

from cla.attention import (
    AttentionConfig,
    AttentionLayer,
    OutputMode,
    make_attention,
)
from cla.attention.counted import LARGEST_TENSOR, largest_tensor
from cla.attention.projected import Projected
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS, TOKENS
from cla.benchmark.timing import Effort, Timing, measure, one_thread
from cla.models import LaneSpec

Stack = Sequence[AttentionConfig]
EFFORT = Effort(rounds=5, steps=60, turn_s=0.03)
"""A second or so for all five systems at sizes of everyday."""


def stepper(
    lane: LaneSpec,
) -> Callable[[int, OutputMode, Literal["product", "layer"]], Callable[[], object]]:
    """A builder of steps of a lane's attention, with random weights and landmarks."""

    def build(
        window: int, output: OutputMode, scope: Literal["product", "layer"]
    ) -> Callable[[], object]:
        layer = make_layer(replace(lane, window=window), output)
        state = layer.state_from_window(torch.randn(1, layer.receptive_field, EMBED_DIM))
        tokens = torch.randn(TOKENS, 1, EMBED_DIM)
        if scope == "layer":
            whole = cycle(tokens.unbind())
            return lambda: layer.step(next(whole), state)
        projected = cycle(
            [Projected(*layer.project(token[None], state.keys.dtype)) for token in tokens]
        )
        return lambda: layer.attend(next(projected), state)

    return build


def make_layer(lane: LaneSpec, output: OutputMode) -> AttentionLayer:
    """A layer of the shared sizes."""
    assert lane.window is not None
    config = AttentionConfig(
        lane.kind, EMBED_DIM, HEADS, lane.window, LANDMARKS, lane.landmark_mode, output_mode=output
    )
    return random_layer(config)


def random_layer(config: AttentionConfig) -> AttentionLayer:
    """A layer with random weights and landmarks."""
    layer = make_attention(config).eval()
    if layer.takes_landmarks:
        shape = (config.num_heads, config.landmarks, config.head_dim)
        layer.set_landmarks(torch.randn(shape), torch.randn(shape))
    return layer


def affordable(stack: Stack) -> bool:
    """Whether a step of the stack fits a common machine's time and memory."""
    return all(largest_tensor(config) <= LARGEST_TENSOR for config in stack)


def measure_stacks(stacks: Sequence[Stack], effort: Effort = EFFORT) -> list[Timing]:
    """Time one step of each stack, projections included: in turn, on one thread, windows full.

    Every layer takes tokens of its own; what a retroactive layer gives is not handed on.
    """
    with one_thread():
        torch.manual_seed(0)
        builders = [lambda stack=stack: _stepper(stack) for stack in stacks]
        found = measure(builders, [1] * len(stacks), effort)
        return [timing for timing in found if timing]  # nothing is left out where time is not short


def _stepper(stack: Stack) -> Callable[[], object]:
    layers = [random_layer(config) for config in stack]
    states = [
        layer.state_from_window(torch.randn(1, layer.receptive_field, layer.config.embed_dim))
        for layer in layers
    ]
    tokens = cycle(torch.randn(TOKENS, 1, stack[0].embed_dim).unbind())

    def step() -> None:
        token = next(tokens)
        for layer, state in zip(layers, states, strict=True):
            layer.step(token, state)

    return step

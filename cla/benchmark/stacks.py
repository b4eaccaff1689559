"""Step times of stacks of attention layers, of any sizes."""

from collections.abc import Callable, Sequence
from itertools import cycle

import torch

from cla.attention import (
    AttentionConfig,
)
from cla.attention.counted import LARGEST_TENSOR, largest_tensor
from cla.benchmark.run import one_thread
from cla.benchmark.sizes import TOKENS
from cla.benchmark.systems import random_layer
from cla.benchmark.timing import Effort, Timing, measure

Stack = Sequence[AttentionConfig]
EFFORT = Effort(rounds=5, steps=60, turn_s=0.03)
"""A second or so for all five systems at sizes of everyday."""


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

"""Steppers of this library's own attention layers."""

from collections.abc import Callable
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
from cla.attention.projected import Projected
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS, TOKENS
from cla.models import LaneSpec


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

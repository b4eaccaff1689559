"""Steppers of this library's own attention layers."""

from collections.abc import Callable
from itertools import cycle
from typing import Literal

import torch

from cla.attention import (
    AttentionConfig,
    AttentionKind,
    AttentionLayer,
    ContinualNystromAttention,
    LandmarkMode,
    OutputMode,
    make_attention,
)
from cla.attention.projected import Projected
from cla.benchmark.sizes import EMBED_DIM, HEADS, LANDMARKS, TOKENS


def stepper(
    kind: AttentionKind, landmark_mode: LandmarkMode = "continual"
) -> Callable[[int, OutputMode, Literal["product", "layer"]], Callable[[], object]]:
    """A builder of steps of one kind, with random weights and landmarks."""

    def build(
        window: int, output: OutputMode, scope: Literal["product", "layer"]
    ) -> Callable[[], object]:
        layer = make_layer(kind, window, landmark_mode, output)
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


def make_layer(
    kind: AttentionKind, window: int, landmark_mode: LandmarkMode, output: OutputMode
) -> AttentionLayer:
    """A layer of the shared sizes."""
    config = AttentionConfig(
        kind, EMBED_DIM, HEADS, window, LANDMARKS, landmark_mode, output_mode=output
    )
    layer = make_attention(config).eval()
    if isinstance(layer, ContinualNystromAttention) and layer.fixed:
        shape = (HEADS, LANDMARKS, config.head_dim)
        layer.set_landmarks(torch.randn(shape), torch.randn(shape))
    return layer

"""Tiny tasks with random weights, so that what runs them is tested without the trained ones."""

from types import MappingProxyType

import torch

from cla.features import HAND_FEATURE_DIM, HAND_HOP_S
from cla.models import (
    ClassifierConfig,
    EventConfig,
    FixedLandmarks,
    StreamClassifier,
    TaskModel,
)


def tiny_task(
    name: str, feature_dim: int, hop_s: float, features: str, num_layers: int = 1
) -> TaskModel:
    """A task with a window of 24 tokens and fixed landmarks for 2, 4, 8 and 16."""
    generator = torch.Generator().manual_seed(4)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        config = ClassifierConfig(
            feature_dim, 3, embed_dim=16, num_heads=2, feed_forward_dim=8, window=24,
            position_period=48, position_harmonics=4, num_layers=num_layers,
        )  # fmt: skip
        classifier = StreamClassifier(config).eval().requires_grad_(False)
    landmarks = {
        count: tuple(
            FixedLandmarks(*(torch.randn(2, count, 8, generator=generator) for _ in "qk"))
            for _ in range(num_layers)
        )
        for count in (2, 4, 8, 16)
    }
    labels = ("none", "a", "b")
    return TaskModel(
        name, labels, classifier, landmarks, EventConfig(), hop_s, MappingProxyType({}), features
    )


def tiny_sound_task(num_layers: int = 1) -> TaskModel:
    """A task that listens."""
    return tiny_task("digits", 96, 0.08, "speech", num_layers)


def tiny_video_task() -> TaskModel:
    """A task that looks at hands."""
    return tiny_task("hands", HAND_FEATURE_DIM, HAND_HOP_S, "hands")

"""A tiny task with random weights, so that the engine is tested without the trained one."""

from types import MappingProxyType

import pytest
import torch

from cla.models import ClassifierConfig, EventConfig, FixedLandmarks, StreamClassifier, TaskModel


@pytest.fixture(scope="session")
def task():
    generator = torch.Generator().manual_seed(4)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        config = ClassifierConfig(
            96, 3, embed_dim=16, num_heads=2, feed_forward_dim=8, window=24, position_period=48,
            position_harmonics=4,
        )  # fmt: skip
        classifier = StreamClassifier(config).eval().requires_grad_(False)
    landmarks = {
        count: FixedLandmarks(
            *(torch.randn(2, count, 8, generator=generator) for _ in ("queries", "keys"))
        )
        for count in (2, 4, 8)
    }
    return TaskModel(
        "tiny", ("none", "a", "b"), classifier, landmarks, EventConfig(), 0.08, MappingProxyType({})
    )

"""Training: one set of weights under full attention and any number of landmarks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from cla.models import ClassifierConfig, FixedLandmarks, StreamClassifier
from cla.training.batches import FeatureNoise, LabeledStream, Pieces
from cla.training.losses import Losses


@dataclass(frozen=True)
class TrainConfig:
    """How the classifier is trained.

    Args:
        full_share: share of batches under full attention; the others draw a landmark count.
        scan_streams, scan_tokens: size of a batch under full attention, every token counts.
        windows: whole windows in a batch under landmarks, the newest token of each counts.
        newest_share: share of batches under full attention that are windows too, of all lengths up
            to the longest: many that have little in common, where tokens of a piece have much.
        newest_tokens: of those that are longer only every so many tokens are taken; all if None.
        growing_share: share of those batches with windows that are not full yet.
        lagging_share: share of them with continual landmarks that lag, as those of a stream do.
        dense_share: share of them with fitted landmarks on pieces of which every token counts.
        dense_counts: the landmark counts that those draw.
        guidance: weight of staying near to what full attention says of the same window.
        blind_tokens: first tokens of a piece that do not count, what they tell lies before it.
        average: decay of the moving average of the weights, which is what is kept.
    """

    classifier: ClassifierConfig
    steps: int = 4_000
    full_share: float = 0.6
    landmark_counts: tuple[int, ...] = (2, 4, 8, 16, 32)
    scan_streams: int = 12
    scan_tokens: int = 300
    windows: int = 128
    newest_share: float = 0.0
    newest_tokens: int | None = None
    growing_share: float = 0.4
    lagging_share: float = 0.0
    dense_share: float = 0.0
    dense_counts: tuple[int, ...] = (2, 4, 8, 16, 32, 64)
    guidance: float = 0.0
    blind_tokens: int = 11
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    label_smoothing: float = 0.02
    average: float = 0.998
    noise: FeatureNoise = field(default_factory=FeatureNoise)
    seed: int = 0


def low_rank_phase(config: TrainConfig) -> TrainConfig:
    """A second, gentler phase: mostly few landmarks, guided by what full attention says."""
    return replace(
        config,
        steps=config.steps // 2,
        learning_rate=config.learning_rate / 3,
        warmup_steps=config.warmup_steps // 4,
        full_share=0.3,
        landmark_counts=(2, 4, 4, 8, 16, 16, 32),
        guidance=1.0,
        average=0.995,
        seed=config.seed + 1,
    )


@dataclass(frozen=True)
class Start:
    """What a phase of training starts from: weights, and fitted landmarks, which stay fixed.

    Source: arXiv 2412.03214, section 3.3 (train, fit the landmarks, train on).
    """

    classifier: StreamClassifier
    landmarks: Mapping[int, Sequence[FixedLandmarks]]


def train(
    streams: Sequence[LabeledStream], config: TrainConfig, start: Start | None = None
) -> StreamClassifier:
    """Train a classifier, anew or from `start`, and return the moving average of its weights."""
    from tqdm import tqdm

    torch.manual_seed(config.seed)
    model = StreamClassifier(config.classifier)
    if start is not None:
        model.load_state_dict(start.classifier.state_dict())
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average)
    )
    losses = training_steps(model, Pieces(streams), config, start.landmarks if start else {})
    progress = tqdm(losses, desc="training", total=config.steps)
    for step, loss in enumerate(progress):
        average.update_parameters(model)
        if step % 50 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}")
    trained = StreamClassifier(config.classifier)
    trained.load_state_dict(average.module.state_dict())
    return trained.eval().requires_grad_(False)


def training_steps(
    model: StreamClassifier,
    pieces: Pieces,
    config: TrainConfig,
    landmarks: Mapping[int, Sequence[FixedLandmarks]] = MappingProxyType({}),
) -> Iterator[Tensor]:
    """Train a model in place; yields the loss of each step when it was taken."""
    losses = Losses(model, landmarks, pieces, config, np.random.default_rng(config.seed))
    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        config.learning_rate,
        total_steps=config.steps,
        pct_start=min(0.5, config.warmup_steps / config.steps),
    )
    for _ in range(config.steps):
        loss = losses.draw()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss

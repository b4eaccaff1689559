"""Training: one set of weights under full attention and any number of landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cla.features import FEATURE_DIM
from cla.models import ClassifierConfig, StreamClassifier
from cla.training.digits.batches import Batch, FeatureNoise, Pieces
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.vocabulary import LABELS


@dataclass(frozen=True)
class TrainConfig:
    """How the classifier is trained.

    Args:
        hold_s: a digit's label lasts that long after the word.
        full_share: share of batches under full attention; the others draw a landmark count.
        scan_streams, scan_tokens: size of a batch under full attention, every token counts.
        windows: whole windows in a batch under landmarks, the newest token of each counts.
        blind_tokens: first tokens of a piece that do not count, their word lies before it.
        average: decay of the moving average of the weights, which is what is kept.
    """

    classifier: ClassifierConfig = field(
        default_factory=lambda: ClassifierConfig(
            FEATURE_DIM, len(LABELS), embed_dim=128, num_heads=8, position_harmonics=16
        )
    )
    steps: int = 3_000
    hold_s: float = 0.6
    full_share: float = 0.6
    landmark_counts: tuple[int, ...] = (2, 4, 8, 16, 32)
    scan_streams: int = 12
    scan_tokens: int = 300
    windows: int = 128
    blind_tokens: int = 11
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    label_smoothing: float = 0.02
    average: float = 0.998
    noise: FeatureNoise = field(default_factory=FeatureNoise)
    seed: int = 0


def low_rank_phase(config: TrainConfig) -> TrainConfig:
    """A second, gentler phase, mostly under few landmarks, which are the hardest to serve."""
    return replace(
        config,
        steps=config.steps // 4,
        learning_rate=config.learning_rate / 3,
        warmup_steps=config.warmup_steps // 4,
        full_share=0.35,
        landmark_counts=(2, 4, 4, 8, 16),
        average=0.99,
        seed=config.seed + 1,
    )


def train(
    streams: Sequence[FeatureStream], config: TrainConfig, start: StreamClassifier | None = None
) -> StreamClassifier:
    """Train a classifier, anew or from `start`, and return the moving average of its weights."""
    from tqdm import trange

    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    model = StreamClassifier(config.classifier)
    if start is not None:
        model.load_state_dict(start.state_dict())
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
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average)
    )
    pieces = Pieces(streams, config.hold_s)
    progress = trange(config.steps, desc="training")
    for step in progress:
        loss = _batch_loss(model, pieces, config, rng)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        if step % 50 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}")
    trained = StreamClassifier(config.classifier)
    trained.load_state_dict(average.module.state_dict())
    return trained.eval().requires_grad_(False)


def _batch_loss(
    model: StreamClassifier, pieces: Pieces, config: TrainConfig, rng: np.random.Generator
) -> Tensor:
    period = config.classifier.position_period
    if rng.random() < config.full_share:
        batch = pieces.draw(config.scan_streams, config.scan_tokens, config.noise, rng)
        state = model.init_state(config.scan_streams)
        # Pieces start anywhere in a stream, so at any phase of the positional encoding.
        state = state._replace(position=torch.from_numpy(rng.integers(period, size=len(batch[0]))))
        logits, _ = model.scan(batch.features, state)
        seen = Batch(*(part[:, config.blind_tokens :] for part in batch))
        return _weighted_loss(logits[:, config.blind_tokens :], seen, config)
    window = config.classifier.window
    batch = pieces.draw(config.windows, window, config.noise, rng)
    landmarks = int(rng.choice(config.landmark_counts))
    lane = model.with_attention("continual_nystrom", landmarks)
    logits = lane(batch.features, tokens_seen=window + int(rng.integers(period)))
    return _weighted_loss(logits, Batch(*(part[:, -1] for part in batch)), config)


def _weighted_loss(logits: Tensor, batch: Batch, config: TrainConfig) -> Tensor:
    losses = functional.cross_entropy(
        logits.flatten(0, -2),
        batch.labels.flatten(),
        reduction="none",
        label_smoothing=config.label_smoothing,
    )
    weights = batch.weights.flatten()
    return (losses * weights).sum() / weights.sum()

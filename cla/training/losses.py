"""The loss of a batch, under full attention or under a few landmarks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cla.attention import LOW_RANK
from cla.models import FixedLandmarks, StreamClassifier, use_landmarks
from cla.training.batches import Batch, Pieces
from cla.training.dense import fixed_logits, full_logits, lagging_logits

if TYPE_CHECKING:  # training imports this module
    from cla.training.train import TrainConfig


def batch_loss(
    model: StreamClassifier,
    landmarks: Mapping[int, Sequence[FixedLandmarks]],
    pieces: Pieces,
    config: "TrainConfig",
    rng: np.random.Generator,
) -> Tensor:
    """Loss of one batch, under full attention or under a few landmarks as the draw has it."""
    if rng.random() < config.full_share:
        return _full_loss(model, pieces, config, rng)
    if config.lagging_share and rng.random() < config.lagging_share:
        return _lagging_loss(model, pieces, config, rng)
    if config.dense_share and landmarks and rng.random() < config.dense_share:
        return _dense_loss(model, landmarks, pieces, config, rng)
    return _low_rank_loss(model, landmarks, pieces, config, rng)


def _drawn(pieces: Pieces, config: "TrainConfig", rng: np.random.Generator) -> tuple[Batch, Tensor]:
    """Some pieces, and the phase of each: they start anywhere in a stream."""
    batch = pieces.draw(config.scan_streams, config.scan_tokens, config.noise, rng)
    phases = rng.integers(config.classifier.position_period, size=config.scan_streams)
    return batch, torch.from_numpy(phases)


def _full_loss(
    model: StreamClassifier, pieces: Pieces, config: "TrainConfig", rng: np.random.Generator
) -> Tensor:
    batch, start = _drawn(pieces, config, rng)
    logits = _full_attention(model, batch.features, start)
    seen = Batch(*(part[:, config.blind_tokens :] for part in batch))
    return _weighted_loss(logits[:, config.blind_tokens :], seen, config)


def _full_attention(model: StreamClassifier, features: Tensor, start: Tensor) -> Tensor:
    """Logits of each token; of several layers by the scan, which knows how they are stacked."""
    if model.config.num_layers == 1:
        return full_logits(model, features, start)
    return model.scan(features, model.init_state(len(features))._replace(position=start))[0]


def _dense_loss(
    model: StreamClassifier,
    landmarks: Mapping[int, Sequence[FixedLandmarks]],
    pieces: Pieces,
    config: "TrainConfig",
    rng: np.random.Generator,
) -> Tensor:
    batch, start = _drawn(pieces, config, rng)
    guide = None
    if config.guidance:
        with torch.no_grad():
            guide = _full_attention(model.eval(), batch.features, start).softmax(-1)
    count = int(rng.choice(config.dense_counts))
    lane = model.train().with_attention(LOW_RANK, count, "fixed")
    use_landmarks(lane, landmarks[count])
    logits = fixed_logits(lane, batch.features, start)
    seen = slice(config.blind_tokens, None)
    part = Batch(*(each[:, seen] for each in batch))
    return _guided_loss(logits[:, seen], part, None if guide is None else guide[:, seen], config)


def _low_rank_loss(
    model: StreamClassifier,
    landmarks: Mapping[int, Sequence[FixedLandmarks]],
    pieces: Pieces,
    config: "TrainConfig",
    rng: np.random.Generator,
) -> Tensor:
    window = config.classifier.window
    batch = pieces.draw(config.windows, window, config.noise, rng)
    growing = rng.random() < config.growing_share
    tokens = int(rng.integers(config.blind_tokens, window)) if growing else window
    features = batch.features[:, -tokens:]
    seen = tokens if growing else window + int(rng.integers(config.classifier.position_period))
    with torch.no_grad():
        guide = model.eval()(features, tokens_seen=seen).softmax(-1) if config.guidance else None
    lane = _low_rank_lane(model.train(), landmarks, int(rng.choice(config.landmark_counts)), rng)
    return _newest_loss(lane(features, tokens_seen=seen), batch, guide, config)


def _lagging_loss(
    model: StreamClassifier, pieces: Pieces, config: "TrainConfig", rng: np.random.Generator
) -> Tensor:
    window = config.classifier.window
    count = int(rng.choice(config.landmark_counts))
    lag = int(rng.integers(window // count))
    batch = pieces.draw(config.windows, window + lag, config.noise, rng)
    first = int(rng.integers(config.classifier.position_period))
    seen = first + window + lag
    with torch.no_grad():
        guide = None
        if config.guidance:
            guide = model.eval()(batch.features[:, lag:], tokens_seen=seen).softmax(-1)
    lane = model.train().with_attention(LOW_RANK, count)
    start = torch.full((config.windows,), first)
    return _newest_loss(lagging_logits(lane, batch.features, start, lag), batch, guide, config)


def _low_rank_lane(
    model: StreamClassifier,
    landmarks: Mapping[int, Sequence[FixedLandmarks]],
    count: int,
    rng: np.random.Generator,
) -> StreamClassifier:
    """A lane with continual landmarks, or half of the time with fitted ones if there are some."""
    if count not in landmarks or rng.random() < 0.5:
        return model.with_attention(LOW_RANK, count)
    lane = model.with_attention(LOW_RANK, count, "fixed")
    use_landmarks(lane, landmarks[count])
    return lane


def _newest_loss(
    logits: Tensor, batch: Batch, guide: Tensor | None, config: "TrainConfig"
) -> Tensor:
    return _guided_loss(logits, Batch(*(part[:, -1] for part in batch)), guide, config)


def _guided_loss(
    logits: Tensor, batch: Batch, guide: Tensor | None, config: "TrainConfig"
) -> Tensor:
    loss = _weighted_loss(logits, batch, config)
    if guide is None:
        return loss
    apart = functional.cross_entropy(logits.flatten(0, -2), guide.flatten(0, -2))
    return loss + config.guidance * apart


def _weighted_loss(logits: Tensor, batch: Batch, config: "TrainConfig") -> Tensor:
    losses = functional.cross_entropy(
        logits.flatten(0, -2),
        batch.labels.flatten(),
        reduction="none",
        label_smoothing=config.label_smoothing,
    )
    weights = batch.weights.flatten()
    return (losses * weights).sum() / weights.sum()

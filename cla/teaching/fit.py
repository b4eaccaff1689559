"""Fitting: a head over an encoder, then the encoder itself, so that every attention can run it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from cla.attention import LOW_RANK, REFERENCE
from cla.features import FrontEnd
from cla.models import ClassifierConfig, StreamClassifier
from cla.training.batches import Batch, FeatureNoise, LabeledStream, Pieces
from cla.training.train import TrainConfig, training_steps

Progress = Callable[[float], object]
"""Is told which share of the work is done (0 to 1)."""

FRESH = ClassifierConfig(
    input_dim=1,
    num_classes=2,
    embed_dim=96,
    num_heads=8,
    feed_forward_dim=192,
    window=96,
    position_period=192,
    position_harmonics=8,
    dropout=0.2,
)
"""A classifier that begins untrained. Its window is 7.7 to 9.6 s of sound or 6.4 s of pictures."""
ENCODER_STEPS = 60
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.05
LIMIT_S = 12.0
"""Of training an encoder: no step begins later, however slow the machine."""
HEAD_LANDMARKS = (4, 16)
HEAD_STEPS = 40
HEAD_DECAY = 0.01
NOISE = 0.3
"""Standard deviation of the noise in training, in standard deviations of each feature."""
SETTLED_TOKENS = 8
"""First tokens of a piece that do not count: what they tell lies before it."""


def fresh_classifier(
    front_end: FrontEnd, num_classes: int, streams: Sequence[LabeledStream]
) -> StreamClassifier:
    """An untrained classifier that projects its tokens to their principal components."""
    torch.manual_seed(0)
    config = replace(FRESH, input_dim=front_end.feature_dim, num_classes=num_classes)
    classifier = StreamClassifier(config)
    tokens = torch.from_numpy(np.concatenate([stream.features for stream in streams]))
    norm, projection = classifier.input_norm, classifier.input_proj
    with torch.no_grad():
        seen = norm(tokens)
        scale = 1 / (seen.std(0) + 0.1 * seen.std())
        norm.weight.copy_(scale)
        norm.bias.copy_(-seen.mean(0) * scale)
        _, strengths, components = torch.pca_lowrank(
            norm(tokens), min(FRESH.embed_dim, front_end.feature_dim), center=False
        )
        sizes = (strengths / len(tokens) ** 0.5).clamp(min=1e-3)
        projection.weight.zero_()
        projection.bias.zero_()
        # From the last dimension down: the first ones hold the position too.
        projection.weight[-len(sizes) :] = (components / sizes.sqrt()).T.flip(0)
    return classifier.eval().requires_grad_(False)


def with_classes(base: StreamClassifier, num_classes: int) -> StreamClassifier:
    """A classifier with a copy of another's encoder, and a head for other classes."""
    torch.manual_seed(0)
    classifier = StreamClassifier(replace(base.config, num_classes=num_classes))
    kept = {k: v for k, v in base.state_dict().items() if not k.startswith("head.")}
    classifier.load_state_dict(kept, strict=False)
    return classifier.eval().requires_grad_(False)


def fit_head(classifier: StreamClassifier, streams: Sequence[LabeledStream]) -> None:
    """Fit the head alone: logistic regression on what the encoder gives, low-rank or not."""
    lanes = [classifier.with_attention(REFERENCE)]
    lanes += [classifier.with_attention(LOW_RANK, count) for count in HEAD_LANDMARKS]
    hidden = torch.cat([_hidden(lane, streams) for lane in lanes])
    labels = torch.from_numpy(np.concatenate([stream.labels for stream in streams]))
    weights = torch.from_numpy(np.concatenate([stream.weights for stream in streams]))
    labels, weights = labels.repeat(len(lanes)), weights.repeat(len(lanes))
    center, scale = hidden.mean(0), hidden.std(0) + 1e-4
    points = (hidden - center) / scale
    weight = torch.zeros(classifier.config.num_classes, points.shape[1], requires_grad=True)
    bias = torch.zeros(classifier.config.num_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=HEAD_STEPS, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        losses = nn.functional.cross_entropy(points @ weight.T + bias, labels, reduction="none")
        value = (losses * weights).sum() / weights.sum() + HEAD_DECAY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        classifier.head.weight.copy_(weight / scale)
        classifier.head.bias.copy_(bias - (weight / scale) @ center)


def fit_encoder(
    classifier: StreamClassifier,
    streams: Sequence[LabeledStream],
    progress: Progress,
) -> StreamClassifier:
    """Train encoder and head on, under full attention and few landmarks in turn."""
    torch.manual_seed(0)
    config = TrainConfig(
        classifier.config,
        steps=ENCODER_STEPS,
        full_share=0.75,
        scan_streams=6,
        scan_tokens=200,
        windows=32,
        blind_tokens=SETTLED_TOKENS,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=max(2, ENCODER_STEPS // 5),
    )
    model = StreamClassifier(classifier.config)
    model.load_state_dict(classifier.state_dict())
    until_s = time.monotonic() + LIMIT_S
    for step, _ in enumerate(training_steps(model, NoisyPieces(streams), config), 1):
        progress(step / config.steps)
        if time.monotonic() > until_s:
            break
    return model.eval().requires_grad_(False)


class NoisyPieces(Pieces):
    """Pieces with noise in proportion to each feature: on every token, and on the whole piece."""

    def __init__(self, streams: Sequence[LabeledStream]) -> None:
        super().__init__(streams)
        features = np.concatenate([stream.features for stream in streams])
        self._scale = (NOISE * features.std(0)).astype(np.float32)

    def draw(
        self,
        count: int,
        tokens: int,
        noise: FeatureNoise,
        rng: np.random.Generator,
        every: int = 1,
    ) -> Batch:
        batch = super().draw(count, tokens, noise, rng, every)
        shape = batch.features.shape
        offsets = rng.standard_normal((count, 1, shape[2]), np.float32)
        change = (offsets + rng.standard_normal(shape, np.float32)) * self._scale
        return batch._replace(features=batch.features + torch.from_numpy(change))


@torch.no_grad()
def _hidden(lane: StreamClassifier, streams: Sequence[LabeledStream]) -> Tensor:
    """What a lane's encoder gives, (streams x tokens, E)."""
    # Lanes share parameters, not their parts: this one alone goes without its head.
    lane.add_module("head", nn.Identity())
    features = torch.from_numpy(np.stack([stream.features for stream in streams]))
    return lane.scan(features, lane.init_state(len(features)))[0].flatten(0, 1)

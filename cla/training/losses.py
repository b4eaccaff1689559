"""The loss of a batch, under full attention or under a few landmarks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Losses:
    """Draws batches and computes the loss of each."""

    model: StreamClassifier
    landmarks: Mapping[int, Sequence[FixedLandmarks]]
    pieces: Pieces
    config: "TrainConfig"
    rng: np.random.Generator

    def draw(self) -> Tensor:
        """Loss of one batch, under full attention or under a few landmarks as the draw has it."""
        config, rng = self.config, self.rng
        if rng.random() < config.full_share:
            if config.newest_share and rng.random() < config.newest_share:
                return self._newest()
            return self._full()
        if config.lagging_share and rng.random() < config.lagging_share:
            return self._lagging()
        if config.dense_share and self.landmarks and rng.random() < config.dense_share:
            return self._dense()
        return self._low_rank()

    def _full(self) -> Tensor:
        """Of every token of some pieces under full attention."""
        batch, start = self._drawn()
        return self._guided(self._full_logits(batch.features, start), batch, None)

    def _newest(self) -> Tensor:
        """Of the newest token of windows of a drawn length under full attention.

        Short ones are drawn as often as long ones.
        """
        config, rng = self.config, self.rng
        shortest, longest = np.log([config.blind_tokens + 1, config.classifier.window])
        tokens = round(float(np.exp(rng.uniform(shortest, longest))))
        every = max(1, tokens // (config.newest_tokens or tokens))
        batch = self.pieces.draw(config.windows, tokens, config.noise, rng, every)
        seen = batch.features.shape[1] + int(rng.integers(config.classifier.position_period))
        logits = self.model.train()(batch.features, tokens_seen=seen)
        return self._guided(logits[:, None], batch, None)

    def _dense(self) -> Tensor:
        """Of every token of some pieces under fitted landmarks of a drawn count."""
        batch, start = self._drawn()
        guide = None
        if self.config.guidance:
            with torch.no_grad():
                self.model.eval()
                guide = self._full_logits(batch.features, start).softmax(-1)
        lane = self._fixed(int(self.rng.choice(self.config.dense_counts)))
        return self._guided(fixed_logits(lane, batch.features, start), batch, guide)

    def _low_rank(self) -> Tensor:
        """Of the newest token of whole and of growing windows under a few landmarks."""
        config, rng, window = self.config, self.rng, self.config.classifier.window
        batch = self.pieces.draw(config.windows, window, config.noise, rng)
        growing = rng.random() < config.growing_share
        tokens = int(rng.integers(config.blind_tokens, window)) if growing else window
        features = batch.features[:, -tokens:]
        seen = tokens if growing else window + int(rng.integers(config.classifier.position_period))
        guide = self._guide(features, seen)
        count = int(rng.choice(config.landmark_counts))
        # Half of the time under fitted landmarks, if there are some.
        continual = count not in self.landmarks or rng.random() < 0.5
        lane = self._continual(count) if continual else self._fixed(count)
        return self._guided(lane(features, tokens_seen=seen)[:, None], batch, guide)

    def _lagging(self) -> Tensor:
        """Of the newest token of windows whose landmarks were complete some tokens ago."""
        config, rng, window = self.config, self.rng, self.config.classifier.window
        count = int(rng.choice(config.landmark_counts))
        lag = int(rng.integers(window // count))
        batch = self.pieces.draw(config.windows, window + lag, config.noise, rng)
        first = int(rng.integers(config.classifier.position_period))
        guide = self._guide(batch.features[:, lag:], first + window + lag)
        start = torch.full((config.windows,), first)
        logits = lagging_logits(self._continual(count), batch.features, start, lag)
        return self._guided(logits[:, None], batch, guide)

    def _drawn(self) -> tuple[Batch, Tensor]:
        """Some pieces, and the phase of each: they start anywhere in a stream."""
        config = self.config
        batch = self.pieces.draw(config.scan_streams, config.scan_tokens, config.noise, self.rng)
        phases = self.rng.integers(config.classifier.position_period, size=config.scan_streams)
        return batch, torch.from_numpy(phases)

    def _full_logits(self, features: Tensor, start: Tensor) -> Tensor:
        """Of each token; of several layers by the scan, which knows how they are stacked."""
        model = self.model
        if model.config.num_layers == 1:
            return full_logits(model, features, start)
        return model.scan(features, model.init_state(len(features))._replace(position=start))[0]

    def _guide(self, features: Tensor, seen: int) -> Tensor | None:
        """What full attention says of the newest token of windows, (B, 1, C), if it is a guide."""
        with torch.no_grad():
            self.model.eval()
            if not self.config.guidance:
                return None
            logits: Tensor = self.model(features, tokens_seen=seen)
            return logits.softmax(-1)[:, None]

    def _continual(self, count: int) -> StreamClassifier:
        return self.model.train().with_attention(LOW_RANK, count)

    def _fixed(self, count: int) -> StreamClassifier:
        lane = self.model.train().with_attention(LOW_RANK, count, "fixed")
        use_landmarks(lane, self.landmarks[count])
        return lane

    def _guided(self, logits: Tensor, batch: Batch, guide: Tensor | None) -> Tensor:
        """Loss of logits of a batch, and how far they are from the guide's probabilities.

        Shapes:
            logits, guide: (B, T, C) of every token, of which the first ones do not count, or
                (B, 1, C) of the newest
        """
        counted = slice(-1 if logits.shape[1] == 1 else self.config.blind_tokens, None)
        logits = logits[:, counted].flatten(0, 1)
        labels, weights = (part[:, counted].flatten() for part in (batch.labels, batch.weights))
        losses = functional.cross_entropy(
            logits, labels, reduction="none", label_smoothing=self.config.label_smoothing
        )
        loss = (losses * weights).sum() / weights.sum()
        if guide is None:
            return loss
        apart = functional.cross_entropy(logits, guide[:, counted].flatten(0, 1))
        return loss + self.config.guidance * apart

"""What the trainer trains: a classifier under the attention of a phase."""

from collections.abc import Callable, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from cla.attention import BATCH_LOW_RANK, REFERENCE
from cla.experiments.config import LANDMARK_COUNTS, ModelConfig, TrainingConfig
from cla.experiments.data import NOT_COUNTED
from cla.experiments.lanes import lane_of, partly_fixed
from cla.models import FixedLandmarks, LaneSpec, StreamClassifier
from cla.torch_audio import torch_audio

LEAST_GROWN = 0.1
"""Of a window, before which what it tells is hardly there."""
WARM_UP_SHARE = 0.2

DRAWN_WINDOWS = 6
"""Of a sequence, where a loss of every token would take a window for each."""

MakeLane = Callable[[StreamClassifier, torch.Generator], StreamClassifier]


class StreamModule(lightning.LightningModule):
    """Trains a classifier; everything drawn depends on the seed and the step's number alone.

    A run that was killed and goes on from a checkpoint therefore takes the same course.

    Args:
        classifier: trained in place.
        average: kept of its weights, by exponential decay, if the settings ask for one.
        make_lane: the attention of a batch.
        weights: how much a token of each class counts, (C,); all the same if not given.
    """

    _weights: Tensor | None

    def __init__(
        self,
        classifier: StreamClassifier,
        config: TrainingConfig,
        make_lane: MakeLane,
        *,
        seed: int,
        whole_clips: bool,
        weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.classifier = classifier
        self.average = torch.optim.swa_utils.AveragedModel(
            classifier, multi_avg_fn=get_ema_multi_avg_fn(config.average)
        )
        self.average.requires_grad_(False)
        self._config = config
        self._make_lane = make_lane
        self._seed = seed
        self._whole_clips = whole_clips
        self.register_buffer("_weights", weights, persistent=False)

    @property
    def trained(self) -> StreamClassifier:
        """The weights to keep."""
        averaged = self.average.module
        assert isinstance(averaged, StreamClassifier)
        return averaged if self._config.average else self.classifier

    def on_train_batch_start(self, *_: Any) -> None:
        torch.manual_seed(self._seed * 1_000_003 + self.global_step)  # for dropout

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        generator = torch.Generator().manual_seed(self._seed * 1_000_033 + self.global_step)
        loss = self._loss(batch, generator)
        self.log("loss", loss, prog_bar=True)
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        if self._config.average:
            self.average.update_parameters(self.classifier)

    def _loss(self, batch: tuple[Tensor, Tensor], generator: torch.Generator) -> Tensor:
        features, labels = batch
        share, partner = self._mixture(len(features), generator)
        if partner is not None:
            features = share * features + (1 - share) * features[partner]
        logits, kept = self._logits(self._masked(features), generator)
        loss = self._cross_entropy(logits, labels[:, kept])
        if partner is None:
            return loss
        return share * loss + (1 - share) * self._cross_entropy(logits, labels[partner][:, kept])

    def _mixture(self, count: int, generator: torch.Generator) -> tuple[float, Tensor | None]:
        """How much of each sequence stays, and the one that it is mixed with.

        Source: Zhang et al., "mixup" (arXiv 1710.09412).
        """
        if not self._config.mixup:
            return 1.0, None
        drawn = int(torch.randint(2**31, (), generator=generator))
        share = float(np.random.default_rng(drawn).beta(self._config.mixup, self._config.mixup))
        return share, torch.randperm(count, generator=generator)

    def _masked(self, features: Tensor) -> Tensor:
        """The features with a run of tokens and of dimensions set to 0, where the settings say so.

        Source: Park et al., "SpecAugment" (arXiv 1904.08779).
        """
        widths = (self._config.mask_tokens, self._config.mask_features)
        for axis, width in enumerate(widths, start=1):
            if width:
                mask = torch_audio().functional.mask_along_axis_iid
                features = mask(features, width, 0.0, axis)
        return features

    def _logits(
        self, features: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, slice | list[int]]:
        """Logits (B, T, C) of the tokens that count, and which these are."""
        lane = self._make_lane(self.classifier.train(), generator)
        if self._config.loss == "every":
            if refreshes(lane):
                return self._drawn_windows(lane, features, generator)
            state = lane.init_state(len(features), device=features.device)
            if not self._whole_clips:
                state.position.random_(lane.config.position_period, generator=generator)
            return lane.scan(features, state)[0], slice(None)
        window = features.shape[1]
        seen = int(torch.randint(0, 2 * window, (), generator=generator)) + window
        if float(torch.rand((), generator=generator)) < self._config.growing_share:
            least = max(1, round(LEAST_GROWN * window))
            seen = int(torch.randint(least, window + 1, (), generator=generator))
        elif self._whole_clips:
            seen = window
        kept = min(seen, window)
        logits = lane(features[:, :kept], tokens_seen=seen)
        return logits[:, None], slice(kept - 1, kept)

    def _drawn_windows(
        self, lane: StreamClassifier, features: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, list[int]]:
        """Logits of a few windows of every sequence, at the same places in all of them."""
        window, length = lane.config.window, features.shape[1]
        ends = torch.randint(window, length + 1, (DRAWN_WINDOWS,), generator=generator).tolist()
        windows = torch.stack([features[:, end - window : end] for end in ends], 1)
        seen = window
        if not self._whole_clips:
            seen += int(torch.randint(lane.config.position_period, (), generator=generator))
        logits = lane(windows.flatten(0, 1), tokens_seen=seen)
        return logits.unflatten(0, windows.shape[:2]), [end - 1 for end in ends]

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean over the tokens that count, in their number; 0 where none does."""
        losses = functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            self._weights,
            ignore_index=NOT_COUNTED,
            label_smoothing=self._config.label_smoothing,
            reduction="sum",
        )
        return losses / (labels != NOT_COUNTED).sum().clamp_min(1)

    def configure_optimizers(self) -> Any:
        config = self._config
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        trained = [one for one in self.classifier.parameters() if one.requires_grad]
        optimizer = kind(trained, lr=config.learning_rate, weight_decay=config.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule: torch.optim.lr_scheduler.LRScheduler
        if config.schedule == "one_cycle" and steps > 2:
            warm_up = max(WARM_UP_SHARE, 2 / steps)  # a rise takes two steps
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, config.learning_rate, total_steps=steps, pct_start=warm_up
            )
        elif config.schedule == "cosine":
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        else:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def refreshes(lane: StreamClassifier) -> bool:
    """Whether a lane's lower layers compute their whole window anew at every token."""
    return lane.config.num_layers > 1 and lane.config.stack_mode == "retroactive"


def lane_maker(model: ModelConfig, fitted: Sequence[FixedLandmarks], window: int) -> MakeLane:
    """The attention of a phase, `fitted` holding the landmarks of the layers that have them."""
    if model.fixed:
        count = model.landmarks or 0
        return lambda classifier, _: partly_fixed(classifier, count, fitted)
    if model.kind == "any":
        counts = [None, None, *(count for count in LANDMARK_COUNTS if count <= window)]
        return lambda classifier, generator: _drawn(classifier, counts, generator)
    lane = LaneSpec(model.kind, model.landmarks, model.landmark_mode)
    return lambda classifier, _: lane_of(classifier, lane)


def _drawn(
    classifier: StreamClassifier, counts: Sequence[int | None], generator: torch.Generator
) -> StreamClassifier:
    count = counts[int(torch.randint(len(counts), (), generator=generator))]
    return lane_of(classifier, LaneSpec(REFERENCE if count is None else BATCH_LOW_RANK, count))

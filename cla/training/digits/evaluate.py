"""Figures of a trained task: events found, false events, agreement, and what attention earns."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cla.models import EventConfig, StreamClassifier, TaskModel
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.labels import token_labels
from cla.training.digits.lanes import probabilities
from cla.training.digits.scoring import EventScore, agreement, detect, score_events

Outputs = list[NDArray[np.float32]]
COST_OF_FALSE = 0.08
"""Recall that one false event a minute is worth when thresholds are tuned."""

GRID = [
    EventConfig(enter, exit_, hold, refractory_s=0.3, smoothing_tokens=smoothing)
    for enter, exit_, hold, smoothing in product(
        (0.45, 0.5, 0.55, 0.6, 0.65, 0.75, 0.85), (0.3,), (1, 2, 3), (1, 2, 3)
    )
]


@dataclass(frozen=True)
class LaneName:
    """A lane of the evaluation."""

    kind: str
    num_landmarks: int | None = None
    landmark_mode: str = "fixed"

    def __str__(self) -> str:
        if self.num_landmarks is None:
            return self.kind
        return f"{self.kind} {self.landmark_mode} M={self.num_landmarks}"


LANES = (
    LaneName("full"),
    *(LaneName("continual_nystrom", count) for count in (2, 4, 8, 16, 32, 64)),
    *(LaneName("continual_nystrom", count, "continual") for count in (2, 4, 8, 16, 32, 64)),
)


def make_lane(task: TaskModel, name: LaneName) -> StreamClassifier:
    """The task's weights under a lane's attention."""
    return task.with_attention(name.kind, name.num_landmarks, name.landmark_mode)  # type: ignore[arg-type]  # names of LANES


def score(outputs: Outputs, streams: Sequence[FeatureStream], config: EventConfig) -> EventScore:
    """Words and events of a set of streams."""
    total = EventScore()
    for output, stream in zip(outputs, streams, strict=True):
        total += score_events(detect(output, config), stream.words, len(output))
    return total


def tune_events(task: TaskModel, streams: Sequence[FeatureStream]) -> EventConfig:
    """The event settings that serve full and low-rank lanes best on streams kept for tuning."""
    lanes = [
        LANES[0],
        *(
            LaneName("continual_nystrom", count, mode)
            for count in (4, 16)
            for mode in ("fixed", "continual")
        ),
    ]
    features = [stream.features for stream in streams]
    outputs = [probabilities(make_lane(task, lane), features) for lane in lanes]

    def worth(config: EventConfig) -> float:
        scores = [score(output, streams, config) for output in outputs]
        return sum(s.recall - COST_OF_FALSE * s.false_per_minute for s in scores)

    return max(GRID, key=worth)


def evaluate(
    task: TaskModel, sets: Mapping[str, Sequence[FeatureStream]], hold_s: float
) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the sets that hold digits."""
    figures: dict[str, Any] = {}
    for name, streams in sets.items():
        features = [stream.features for stream in streams]
        full = probabilities(make_lane(task, LANES[0]), features)
        rows = {"full": _row(full, full, streams, task.event_config)}
        for lane in LANES[1:]:
            outputs = probabilities(make_lane(task, lane), features)
            rows[str(lane)] = _row(outputs, full, streams, task.event_config)
        figures[name] = rows
        if any(stream.words for stream in streams):
            figures[f"{name}: ablation"] = _ablation(task, streams, full, hold_s)
    return figures


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[FeatureStream], config: EventConfig
) -> dict[str, float]:
    counted = score(outputs, streams, config)
    row = {
        "minutes": round(counted.minutes, 2),
        "false_events_per_minute": round(counted.false_per_minute, 3),
        "agreement_with_full": round(agreement(np.concatenate(outputs), np.concatenate(full)), 4),
    }
    if counted.words:
        row |= {"words": counted.words, "recall": round(counted.recall, 4)}
    return row


def _ablation(
    task: TaskModel, streams: Sequence[FeatureStream], full: Outputs, hold_s: float
) -> dict[str, dict[str, float]]:
    """Points of events and of tokens that are lost without attention, and without a window."""
    features = [stream.features for stream in streams]
    silent = copy.deepcopy(task.classifier)
    torch.nn.init.zeros_(silent.attention.output_proj.weight)
    torch.nn.init.zeros_(silent.attention.output_proj.bias)
    variants = {
        "full": full,
        "attention zeroed": probabilities(silent, features),
        "window 1": probabilities(task.classifier.with_attention("full", window=1), features),
    }
    return {
        name: {
            "recall": round(score(outputs, streams, task.event_config).recall, 4),
            "token_accuracy": round(_token_accuracy(outputs, streams, hold_s), 4),
        }
        for name, outputs in variants.items()
    }


def _token_accuracy(outputs: Outputs, streams: Sequence[FeatureStream], hold_s: float) -> float:
    labels = [token_labels(s.words, len(s.features), hold_s) for s in streams]
    return float((np.concatenate(outputs).argmax(-1) == np.concatenate(labels)).mean())

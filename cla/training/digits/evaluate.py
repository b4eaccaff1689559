"""Figures of a trained task: events found, false events, agreement, and what attention earns."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from cla.features import HOP_S
from cla.models import EventConfig, TaskModel
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.labels import token_labels
from cla.training.digits.vocabulary import LABELS
from cla.training.lanes import FULL, LANES, Outputs, ablations, make_lane, probabilities
from cla.training.scoring import EventScore, EventScorer, lane_figures
from cla.training.tuning import tune_events

COST_OF_FALSE = 0.08
"""Recall that one false event a minute is worth when thresholds are tuned."""

GRID = [
    EventConfig(enter, exit_, hold, refractory_s=0.3, smoothing_tokens=smoothing)
    for enter, exit_, hold, smoothing in product(
        (0.45, 0.5, 0.55, 0.6, 0.65, 0.75, 0.85), (0.3,), (1, 2, 3), (1, 2, 3)
    )
]


def score(outputs: Outputs, streams: Sequence[FeatureStream], config: EventConfig) -> EventScore:
    """Words and events of a set of streams."""
    scorer = EventScorer(LABELS, HOP_S)
    total = EventScore()
    for output, stream in zip(outputs, streams, strict=True):
        total += scorer.score(scorer.detect(output, config), stream.words, len(output))
    return total


def tuned(task: TaskModel, streams: Sequence[FeatureStream]) -> EventConfig:
    """The event settings that serve all lanes best on streams kept for tuning."""
    features = [stream.features for stream in streams]
    return tune_events(
        task, features, GRID, lambda outputs, config: score(outputs, streams, config), COST_OF_FALSE
    )


def evaluate(task: TaskModel, sets: Mapping[str, Sequence[FeatureStream]]) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the sets that hold digits."""
    figures: dict[str, Any] = {}
    for name, streams in sets.items():
        features = [stream.features for stream in streams]
        full = probabilities(make_lane(task, FULL), features)
        rows = {"full": _row(full, full, streams, task.event_config)}
        for lane in LANES[1:]:
            outputs = probabilities(make_lane(task, lane), features)
            rows[str(lane)] = _row(outputs, full, streams, task.event_config)
        figures[name] = rows
        if any(stream.words for stream in streams):
            figures[f"{name}: ablation"] = _ablation(task, streams, full)
    return figures


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[FeatureStream], config: EventConfig
) -> dict[str, float]:
    counted = score(outputs, streams, config)
    row = lane_figures(counted, outputs, full)
    if counted.present:
        row |= {"words": counted.present, "recall": round(counted.recall, 4)}
    return row


def _ablation(
    task: TaskModel, streams: Sequence[FeatureStream], full: Outputs
) -> dict[str, dict[str, float]]:
    """Points of events and of tokens that are lost without attention, and without a window."""
    features = [stream.features for stream in streams]
    variants = {"full": full}
    variants |= {name: probabilities(lane, features) for name, lane in ablations(task).items()}
    return {
        name: {
            "recall": round(score(outputs, streams, task.event_config).recall, 4),
            "token_accuracy": round(_token_accuracy(outputs, streams), 4),
        }
        for name, outputs in variants.items()
    }


def _token_accuracy(outputs: Outputs, streams: Sequence[FeatureStream]) -> float:
    labels = [token_labels(s.words, len(s.features)) for s in streams]
    return float((np.concatenate(outputs).argmax(-1) == np.concatenate(labels)).mean())

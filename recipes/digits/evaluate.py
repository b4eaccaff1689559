"""Figures of a trained task: events found, false events, agreement, and what attention earns."""

from collections.abc import Container, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from cla.evaluation.digits import FeatureStream, score, words_row
from cla.evaluation.figures import Measures, measure
from cla.evaluation.lanes import LANES, Outputs
from cla.evaluation.scoring import lane_figures
from cla.evaluation.tuning import tune_events
from cla.models import EventConfig, TaskModel
from recipes.digits.labels import token_labels

COST_OF_FALSE = 0.08
"""Recall that one false event a minute is worth when thresholds are tuned."""

USUAL_LANES = [lane for lane in LANES if lane.num_landmarks in (4, 16)]
GRID = [
    EventConfig(enter, exit_, hold, refractory_s=0.3, smoothing_tokens=smoothing)
    for enter, exit_, hold, smoothing in product(
        (0.45, 0.5, 0.55, 0.6, 0.65, 0.75, 0.85), (0.3,), (1, 2, 3), (1, 2, 3)
    )
]


def tuned(task: TaskModel, streams: Sequence[FeatureStream]) -> EventConfig:
    """The event settings that serve all lanes best on streams kept for tuning."""
    features = [stream.features for stream in streams]
    return tune_events(
        task, features, GRID, lambda outputs, config: score(outputs, streams, config), COST_OF_FALSE
    )


def evaluate(
    task: TaskModel, sets: Mapping[str, Sequence[FeatureStream]], all_lanes_on: Container[str]
) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the sets that hold digits.

    Args:
        all_lanes_on: sets on which all landmark counts are measured, not only 4 and 16.
    """
    config = task.event_config
    measures = Measures[FeatureStream](
        row=lambda outputs, full, streams: _row(outputs, full, streams, config),
        ablated=lambda outputs, streams: {
            "recall": round(score(outputs, streams, config).recall, 4),
            "token_accuracy": round(_token_accuracy(outputs, streams), 4),
        },
        holds=lambda stream: bool(stream.words),
    )
    return measure(
        task, sets, measures, lambda name: LANES if name in all_lanes_on else USUAL_LANES
    )


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[FeatureStream], config: EventConfig
) -> dict[str, float]:
    counted = score(outputs, streams, config)
    row = lane_figures(counted, outputs, full)
    return row | (words_row(counted) if counted.present else {})


def _token_accuracy(outputs: Outputs, streams: Sequence[FeatureStream]) -> float:
    labels = [token_labels(s.words, len(s.features)) for s in streams]
    return float((np.concatenate(outputs).argmax(-1) == np.concatenate(labels)).mean())

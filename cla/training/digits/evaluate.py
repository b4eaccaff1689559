"""Figures of a trained task: events found, false events, agreement, and what attention earns."""

from collections.abc import Container, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from cla.attention import LOW_RANK
from cla.features import HOP_S
from cla.models import EventConfig, LaneSpec, TaskModel
from cla.training.digits.dataset import FeatureStream
from cla.training.digits.labels import token_labels
from cla.training.digits.vocabulary import LABELS
from cla.training.figures import Measures, measure
from cla.training.intervals import wilson
from cla.training.lanes import FULL, LANES, Outputs, probabilities, row_name
from cla.training.scoring import EventScore, EventScorer, lane_figures
from cla.training.tuning import tune_events

COST_OF_FALSE = 0.08
"""Recall that one false event a minute is worth when thresholds are tuned."""

USUAL_LANES = [lane for lane in LANES if lane.num_landmarks in (4, 16)]
JUDGED_LANES = (
    FULL,
    LaneSpec(LOW_RANK, 16),
    LaneSpec(LOW_RANK, 16, "continual"),
)
"""What recordings are judged under."""
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


def words_row(counted: EventScore) -> dict[str, Any]:
    """What a card says of words: those found, how sure that is, and wrong events."""
    return {
        "words": counted.present,
        "recall": round(counted.recall, 4),
        "interval": [round(end, 4) for end in wilson(counted.found, counted.present)],
        "wrong_in_100_words": round(100 * counted.false_events / counted.present, 2),
    }


def judge(
    task: TaskModel,
    sets: Mapping[str, Sequence[FeatureStream]],
    lanes: Sequence[LaneSpec] = JUDGED_LANES,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Words found and wrong events, by set and lane."""
    figures: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in sets}
    features = [stream.features for streams in sets.values() for stream in streams]
    for lane in lanes:
        outputs = iter(probabilities(task.lane(lane), features))
        for name, streams in sets.items():
            counted = score([next(outputs) for _ in streams], streams, task.event_config)
            figures[name][row_name(lane)] = words_row(counted)
    return figures


def _token_accuracy(outputs: Outputs, streams: Sequence[FeatureStream]) -> float:
    labels = [token_labels(s.words, len(s.features)) for s in streams]
    return float((np.concatenate(outputs).argmax(-1) == np.concatenate(labels)).mean())

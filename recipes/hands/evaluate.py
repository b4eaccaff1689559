"""Figures of the trained task: tokens and events right, false events, what attention earns."""

from collections.abc import Container, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.attention import LOW_RANK
from cla.evaluation.figures import Measures, measure
from cla.evaluation.lanes import FULL, LANES, Outputs, probabilities
from cla.evaluation.photographs import label_changes
from cla.evaluation.scoring import EventScorer, found_figures, lane_figures
from cla.features import HAND_HOP_S
from cla.models import EventConfig, LaneSpec, TaskModel
from recipes.hands.labels import FIRST_MOTION, expected
from recipes.hands.streams import HandsStream
from recipes.hands.vocabulary import LABELS, NONE

USUAL_LANES = [lane for lane in LANES if lane.num_landmarks == 16]
SCORER = EventScorer[HandsStream](LABELS, HAND_HOP_S, expected)
COST_OF_FALSE = 0.1
"""Recall that one false event a minute is worth when thresholds are tuned."""
TUNING_LANES = (
    FULL,
    *(LaneSpec(LOW_RANK, count, mode) for count in (4, 16) for mode in ("fixed", "continual")),
)
GRID = [
    EventConfig(enter, exit_, hold, refractory_s=0.3, smoothing_tokens=smoothing)
    for enter, exit_, hold, smoothing in product(
        (0.7, 0.8, 0.84, 0.88, 0.92), (0.3,), (2, 3, 4), (1, 3)
    )
]


def evaluate(
    task: TaskModel, sets: Mapping[str, Sequence[HandsStream]], all_lanes_on: Container[str]
) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the sets that hold signs.

    Args:
        all_lanes_on: sets on which all landmark counts are measured, not only 16.
    """
    measures = Measures[HandsStream](
        row=lambda outputs, full, streams: _row(outputs, full, streams, task.event_config),
        ablated=_token_accuracies,
        holds=lambda stream: bool(stream.labels.any()),
        details=lambda full, streams: {"each sign": _each_sign(full, streams)},
    )
    return measure(
        task, sets, measures, lambda name: LANES if name in all_lanes_on else USUAL_LANES
    )


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[HandsStream], config: EventConfig
) -> dict[str, Any]:
    counted = SCORER.score(outputs, streams, config)
    row: dict[str, Any] = {
        **lane_figures(counted, outputs, full),
        **_token_accuracies(outputs, streams),
    }
    if counted.present:
        row |= found_figures(counted, "signs_and_motions")
    if all((stream.labels == max(stream.labels[0], NONE + 1)).all() for stream in streams):
        changes = [label_changes(output) for output in outputs]
        row |= {
            "streams": len(streams),
            "label_changes_in_10_s": round(float(np.mean(changes)), 3),
            "at_most_one_change": round(float(np.mean(np.array(changes) <= 1)), 4),
        }
    return row


def _token_accuracies(outputs: Outputs, streams: Sequence[HandsStream]) -> dict[str, float]:
    """Share of tokens called right: of all that can be told, and of those of signs and motions."""
    called, labels = _decided(outputs, streams)
    parts = {
        "tokens_right": np.ones(len(labels), bool),
        "sign_tokens_right": (labels > NONE) & (labels < FIRST_MOTION),
        "motion_tokens_right": labels >= FIRST_MOTION,
    }
    return {
        name: round(float((called == labels)[part].mean()), 4)
        for name, part in parts.items()
        if part.any()
    }


def _each_sign(outputs: Outputs, streams: Sequence[HandsStream]) -> dict[str, float]:
    called, labels = _decided(outputs, streams)
    return {
        name: round(float((called == index)[labels == index].mean()), 4)
        for index, name in enumerate(LABELS)
        if (labels == index).any()
    }


def _decided(
    outputs: Outputs, streams: Sequence[HandsStream]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    decided = np.concatenate([stream.decided for stream in streams])
    labels = np.concatenate([stream.labels for stream in streams])
    return np.concatenate(outputs).argmax(-1)[decided], labels[decided]


def tuned(task: TaskModel, streams: Sequence[HandsStream]) -> EventConfig:
    """The event settings that serve full and low-rank lanes best."""
    features = [stream.features for stream in streams]
    outputs = [probabilities(task.lane(lane), features) for lane in TUNING_LANES]

    def worth(config: EventConfig) -> float:
        scores = [SCORER.score(lane, streams, config) for lane in outputs]
        return sum(s.recall - COST_OF_FALSE * s.false_per_minute for s in scores)

    return max(GRID, key=worth)

"""Figures of a trained task: events found, false events, agreement, and what attention earns."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from cla.evaluation.digits import SCORER, words_row
from cla.evaluation.figures import Measures, measure
from cla.evaluation.lanes import LANES, Outputs
from cla.evaluation.scoring import lane_figures
from cla.evaluation.streams import TokenStream
from cla.models import EventConfig, TaskModel
from recipes.digits.labels import token_labels

USUAL_LANES = [lane for lane in LANES if lane.num_landmarks in (4, 16)]


def evaluate(
    task: TaskModel, sets: Mapping[str, Sequence[TokenStream]], all_lanes_on: Container[str]
) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the sets that hold digits.

    Args:
        all_lanes_on: sets on which all landmark counts are measured, not only 4 and 16.
    """
    config = task.event_config
    measures = Measures[TokenStream](
        row=lambda outputs, full, streams: _row(outputs, full, streams, config),
        ablated=lambda outputs, streams: {
            "recall": round(SCORER.score(outputs, streams, config).recall, 4),
            "token_accuracy": round(_token_accuracy(outputs, streams), 4),
        },
        holds=lambda stream: bool(stream.occurrences),
    )
    return measure(
        task, sets, measures, lambda name: LANES if name in all_lanes_on else USUAL_LANES
    )


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[TokenStream], config: EventConfig
) -> dict[str, Any]:
    counted = SCORER.score(outputs, streams, config)
    row = lane_figures(counted, outputs, full)
    return row | (words_row(counted) if counted.present else {})


def _token_accuracy(outputs: Outputs, streams: Sequence[TokenStream]) -> float:
    labels = [token_labels(one.occurrences, len(one.features)) for one in streams]
    return float((np.concatenate(outputs).argmax(-1) == np.concatenate(labels)).mean())

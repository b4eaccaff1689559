"""The choice of event settings, on streams kept for it."""

from collections.abc import Sequence
from itertools import product

from cla.attention import LOW_RANK
from cla.evaluation.lanes import FULL, probabilities
from cla.models import EventConfig, LaneSpec, TaskModel
from recipes.hands.evaluate import SCORER
from recipes.hands.streams import HandsStream

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


def tuned(task: TaskModel, streams: Sequence[HandsStream]) -> EventConfig:
    """The event settings that serve full and low-rank lanes best."""
    features = [stream.features for stream in streams]
    outputs = [probabilities(task.lane(lane), features) for lane in TUNING_LANES]

    def worth(config: EventConfig) -> float:
        scores = [SCORER.score(lane, streams, config) for lane in outputs]
        return sum(s.recall - COST_OF_FALSE * s.false_per_minute for s in scores)

    return max(GRID, key=worth)

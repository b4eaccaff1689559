"""The choice of event settings, on streams kept for it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cla.attention import LOW_RANK
from cla.evaluation.lanes import FULL, Outputs, probabilities
from cla.evaluation.scoring import EventScore
from cla.models import EventConfig, LaneSpec, TaskModel

TUNING_LANES = (
    FULL,
    *(LaneSpec(LOW_RANK, count, mode) for count in (4, 16) for mode in ("fixed", "continual")),
)


def tune_events(
    task: TaskModel,
    features: Sequence[NDArray[np.floating]],
    grid: Sequence[EventConfig],
    score: Callable[[Outputs, EventConfig], EventScore],
    cost_of_false: float,
) -> EventConfig:
    """The settings of a grid that serve full and low-rank lanes best.

    Args:
        score: of the outputs of a lane.
        cost_of_false: recall that one false event a minute is worth.
    """
    outputs = [probabilities(task.lane(lane), features) for lane in TUNING_LANES]

    def worth(config: EventConfig) -> float:
        scores = [score(lane, config) for lane in outputs]
        return sum(s.recall - cost_of_false * s.false_per_minute for s in scores)

    return max(grid, key=worth)

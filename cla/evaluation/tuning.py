"""The choice of event settings, on streams kept for it."""

from collections.abc import Sequence

from cla.attention import LOW_RANK
from cla.evaluation.figures import S
from cla.evaluation.lanes import FULL, probabilities
from cla.evaluation.scoring import EventScorer
from cla.models import EventConfig, LaneSpec, TaskModel

TUNING_LANES = (
    FULL,
    *(LaneSpec(LOW_RANK, count, mode) for count in (4, 16) for mode in ("fixed", "continual")),
)


def tune_events(
    task: TaskModel,
    streams: Sequence[S],
    scorer: EventScorer[S],
    grid: Sequence[EventConfig],
    cost_of_false: float,
) -> EventConfig:
    """The settings of a grid that serve full and low-rank lanes best.

    Args:
        cost_of_false: recall that one false event a minute is worth.
    """
    features = [stream.features for stream in streams]
    outputs = [probabilities(task.lane(lane), features) for lane in TUNING_LANES]

    def worth(config: EventConfig) -> float:
        scores = [scorer.score(lane, streams, config) for lane in outputs]
        return sum(s.recall - cost_of_false * s.false_per_minute for s in scores)

    return max(grid, key=worth)

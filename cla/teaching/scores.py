"""How well taught classes are recognized on held-out clips, under every kind of attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.evaluation.lanes import outputs_of, row_name
from cla.models import LaneSpec, TaskModel
from cla.teaching.stretches import Pools, StreamJoiner
from cla.training.batches import LabeledStream

STREAMS, STREAM_TOKENS = 4, 400
MAX_LANE = 60


@dataclass(frozen=True)
class LaneScore:
    """What a lane said of the held-out tokens.

    Args:
        confusion: (C, C), tokens of each label (rows) by the label that they were given.
        agreement: share of tokens that got the label that full attention gives.
    """

    lane: str
    confusion: NDArray[np.int64]
    agreement: float

    @property
    def recalls(self) -> NDArray[np.float64]:
        """Share of each label's tokens that were named right; nan where there are none."""
        totals = self.confusion.sum(1)
        with np.errstate(invalid="ignore"):
            shares: NDArray[np.float64] = np.diag(self.confusion) / totals
        return shares

    @property
    def accuracy(self) -> float:
        """Mean of the recalls: each label counts alike."""
        return float(np.nanmean(self.recalls))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "lane": self.lane,
            "confusion": self.confusion.tolist(),
            "agreement": round(self.agreement, 4),
        }


def scores_of(task: TaskModel) -> tuple[LaneScore, ...]:
    """Reads the scores in a task's card, which may be damaged or hostile; () if it has none.

    Raises:
        ClaError: they are not such as `as_dict` gives.
    """
    count = len(task.labels)
    scores = []
    listed: Any = task.card.get("scores", [])
    for one in listed if isinstance(listed, list) else [listed]:
        try:
            lane, agreement = one["lane"], float(one["agreement"])
            confusion = np.array(one["confusion"], np.int64)
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ClaError("scores_unreadable") from error
        fits = confusion.shape == (count, count) and (confusion >= 0).all() and confusion.any()
        if not isinstance(lane, str) or len(lane) > MAX_LANE or not fits or not 0 <= agreement <= 1:
            raise ClaError("scores_unreadable")
        scores.append(LaneScore(lane, confusion, agreement))
    return tuple(scores)


def held_out_streams(held: Pools) -> list[LabeledStream]:
    """Streams joined from what was held out, the same at every call."""
    joiner = StreamJoiner(held, np.random.default_rng(1))
    return [joiner.join(STREAM_TOKENS) for _ in range(STREAMS)]


def score_lanes(
    task: TaskModel, streams: Sequence[LabeledStream], lanes: Sequence[LaneSpec]
) -> list[LaneScore]:
    """Score a task's lanes, of which the first is full attention."""
    features = [stream.features for stream in streams]
    labels = np.concatenate([stream.labels for stream in streams])
    # Not tokens just after a change of label, and none of which the label is not certain.
    counted = np.concatenate([stream.weights for stream in streams]) == 1
    scores: list[LaneScore] = []
    full: NDArray[np.int64] | None = None
    for lane in lanes:
        said = np.concatenate(outputs_of(task, task.lane(lane), features)).argmax(-1)
        full = said if full is None else full
        confusion = np.zeros((len(task.labels),) * 2, np.int64)
        np.add.at(confusion, (labels[counted], said[counted]), 1)
        scores.append(LaneScore(row_name(lane), confusion, float((said == full)[counted].mean())))
    return scores

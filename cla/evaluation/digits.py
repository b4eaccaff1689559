"""Spoken digits judged: words found, and events that are wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.attention import LOW_RANK
from cla.evaluation.intervals import wilson
from cla.evaluation.lanes import FULL, Outputs, probabilities, row_name
from cla.evaluation.scoring import EventScore, EventScorer, Occurrence
from cla.features import HOP_S
from cla.models import EventConfig, LaneSpec, TaskModel

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LABELS = ("none", *DIGITS)
JUDGED_LANES = (
    FULL,
    LaneSpec(LOW_RANK, 16),
    LaneSpec(LOW_RANK, 16, "continual"),
)
"""What recordings are judged under."""


@dataclass(frozen=True)
class FeatureStream:
    """Tokens of one stream and the words it holds.

    Shapes:
        features: (T, 96)
    """

    features: NDArray[np.floating]
    words: tuple[Occurrence, ...]

    @classmethod
    def load(cls, path: Path, index: str = "") -> "FeatureStream":
        """A stream from its file; `index` names it where a file holds several."""
        with np.load(path) as archive:
            rows = archive[f"words{index}"]
            words = tuple(Occurrence(int(label), onset, end) for label, onset, end in rows)
            return cls(archive[f"features{index}"], words)


def score(outputs: Outputs, streams: Sequence[FeatureStream], config: EventConfig) -> EventScore:
    """Words and events of a set of streams."""
    scorer = EventScorer(LABELS, HOP_S)
    total = EventScore()
    for output, stream in zip(outputs, streams, strict=True):
        total += scorer.score(scorer.detect(output, config), stream.words, len(output))
    return total


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

"""Spoken digits judged: words found, and events that are wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from cla.attention import LOW_RANK
from cla.evaluation.lanes import FULL, probabilities, row_name
from cla.evaluation.scoring import EventScore, EventScorer, found_figures
from cla.evaluation.streams import Expected, TokenStream
from cla.features import HOP_S
from cla.models import LaneSpec, TaskModel

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LABELS = ("none", *DIGITS)
JUDGED_LANES = (
    FULL,
    LaneSpec(LOW_RANK, 16),
    LaneSpec(LOW_RANK, 16, "continual"),
)
"""What recordings are judged under."""
SCORER = EventScorer[TokenStream](LABELS, HOP_S, lambda stream: Expected(stream.occurrences))


def words_row(counted: EventScore) -> dict[str, Any]:
    """What a card says of words: those found, how sure that is, and wrong events."""
    wrong = round(100 * counted.false_events / counted.present, 2)
    return {**found_figures(counted, "words"), "wrong_in_100_words": wrong}


def judge(
    task: TaskModel,
    sets: Mapping[str, Sequence[TokenStream]],
    lanes: Sequence[LaneSpec] = JUDGED_LANES,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Words found and wrong events, by set and lane."""
    figures: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in sets}
    features = [stream.features for streams in sets.values() for stream in streams]
    for lane in lanes:
        outputs = iter(probabilities(task.lane(lane), features))
        for name, streams in sets.items():
            counted = SCORER.score([next(outputs) for _ in streams], streams, task.event_config)
            figures[name][row_name(lane)] = words_row(counted)
    return figures

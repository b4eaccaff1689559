"""Speakers that nothing was trained on: figures, event settings, points of sensitivity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from cla.evaluation.digits import JUDGED_LANES, SCORER, words_row
from cla.evaluation.lanes import FULL, Outputs, probabilities, row_name
from cla.evaluation.scoring import EventScore, sensitivity
from cla.evaluation.streams import TokenStream
from cla.models import EventConfig, TaskModel

COST_OF_WRONG = 1.0
"""A wrong event costs as much as so many words that are missed."""
COST_OF_FALSE = 0.035
"""Share of words found that a false event a minute is worth, among words near to digits."""
EXIT = 0.25
GRID = [
    EventConfig(enter, EXIT, 1, refractory_s=0.3, smoothing_tokens=smoothing)
    for enter, smoothing in product((0.4, 0.45, 0.5, 0.55, 0.6, 0.65), (2, 3))
]
SENSITIVITIES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Probabilities at which an event begins, from rarely wrong to missing nothing."""
ALL = "all"


class LeftOut(NamedTuple):
    """A speaker's words, and weights that never heard that voice.

    Args:
        sets: streams by condition.
    """

    task: TaskModel
    speaker: str
    sets: Mapping[str, Sequence[TokenStream]]


class Heard(NamedTuple):
    """What one lane made of a speaker's words under one condition."""

    lane: str
    speaker: str
    condition: str
    outputs: Outputs
    streams: Sequence[TokenStream]


def heard(left_out: Iterable[LeftOut]) -> list[Heard]:
    """Every speaker under every lane and condition."""
    found = []
    for task, speaker, sets in left_out:
        features = [stream.features for streams in sets.values() for stream in streams]
        for lane in JUDGED_LANES:
            outputs = iter(probabilities(task.lane(lane), features))
            for condition, streams in sets.items():
                own = [next(outputs) for _ in streams]
                found.append(Heard(row_name(lane), speaker, condition, own, streams))
    return found


def outputs_beside(task: TaskModel, streams: Sequence[TokenStream]) -> list[Outputs]:
    """Outputs of the judged lanes for streams that event settings are chosen on too."""
    features = [stream.features for stream in streams]
    return [probabilities(task.lane(lane), features) for lane in JUDGED_LANES]


def best_settings(
    found: Sequence[Heard], beside: Sequence[Outputs], streams: Sequence[TokenStream]
) -> dict[str, EventConfig]:
    """The event settings that find most words of left-out speakers for what they get wrong.

    Those of a speaker are chosen on the others, so that its own words choose nothing; `ALL` has
    the settings for anybody, chosen on all of them.

    Args:
        beside: outputs for `streams`, whose false events count by the minute.
    """
    speakers = list(dict.fromkeys(one.speaker for one in found))
    worth: dict[str, list[float]] = {name: [] for name in (ALL, *speakers)}
    for config in GRID:
        others = _total([SCORER.score(outputs, streams, config) for outputs in beside])
        scored = [(one.speaker, SCORER.score(one.outputs, one.streams, config)) for one in found]
        for name, values in worth.items():
            words = _total([each for speaker, each in scored if speaker != name])
            wrong = words.false_events / words.present
            cost = COST_OF_WRONG * wrong + COST_OF_FALSE * others.false_per_minute
            values.append(words.recall - cost)
    return {name: GRID[int(np.argmax(values))] for name, values in worth.items()}


def figures_of(found: Sequence[Heard], configs: Mapping[str, EventConfig]) -> dict[str, Any]:
    """Words found and wrong events by speaker, condition and lane; those of all speakers first.

    Args:
        configs: event settings by speaker.
    """
    counted: dict[tuple[str, str, str], EventScore] = {}
    for one in found:
        own = SCORER.score(one.outputs, one.streams, configs[one.speaker])
        for speaker in (ALL, one.speaker):
            key = speaker, one.condition, one.lane
            counted[key] = counted.get(key, EventScore()) + own
    figures: dict[str, Any] = {ALL: {}}
    for (speaker, condition, lane), total in counted.items():
        rows = figures.setdefault(speaker, {}).setdefault(condition, {})
        rows[lane] = words_row(total)
    return figures


def points_of_sensitivity(
    found: Sequence[Heard],
    without_digits: Sequence[tuple[Outputs, Sequence[TokenStream]]],
    config: EventConfig,
) -> list[dict[str, float]]:
    """What is found and what is false from rarely wrong to missing nothing, under full attention.

    Args:
        without_digits: outputs and streams of sets that hold no digits.
    """
    clean = [one for one in found if one.lane == row_name(FULL) and one.condition == "clean"]

    def counted(at: EventConfig) -> EventScore:
        words = _total([SCORER.score(one.outputs, one.streams, at) for one in clean])
        others = _total([SCORER.score(outputs, streams, at) for outputs, streams in without_digits])
        return replace(others, present=words.present, found=words.found)

    return sensitivity(config, counted, SENSITIVITIES)


def _total(scores: Sequence[EventScore]) -> EventScore:
    return sum(scores, EventScore())

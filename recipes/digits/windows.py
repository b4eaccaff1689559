"""What a window earns: words of left-out speakers and false events, by window and lane."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cla.attention import LOW_RANK
from cla.evaluation.digits import SCORER, words_row
from cla.evaluation.lanes import FULL, probabilities, row_name
from cla.evaluation.scoring import EventScore
from cla.evaluation.streams import TokenStream
from cla.features import HOP_S
from cla.models import EventConfig, LaneSpec, TaskModel
from recipes.digits.left_out import LeftOut

WINDOWS = (30, 120, 480, 1_920, 4_096)
COUNTS = (4, 16, 64)
LANES = (
    FULL,
    *(LaneSpec(LOW_RANK, count, mode) for mode in ("fixed", "continual") for count in COUNTS),
)
CONDITIONS = ("clean", "8 kHz")
"""Said one after the other, so that there is something to hold in long windows."""


def over_windows(
    left_out: Sequence[LeftOut],
    configs: Mapping[str, EventConfig],
    task: TaskModel,
    without_digits: Sequence[TokenStream],
    config: EventConfig,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by window and lane, of streams that are longer than the longest window.

    Args:
        configs: event settings by left-out speaker.
        task, config: what false events are counted of, with its event settings.
        without_digits: speech of other tongues.
    """
    said = [
        (one, joined([stream for name in CONDITIONS for stream in one.sets[name]]))
        for one in left_out
    ]
    silent = joined(without_digits)
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for window in WINDOWS:
        rows = figures.setdefault(str(window), {})
        for lane in LANES:
            if (lane.num_landmarks or 0) > window:
                continue
            spec = replace(lane, window=window)
            found = sum(
                (_scored(one.task, spec, words, configs[one.speaker]) for one, words in said),
                EventScore(),
            )
            false = _scored(task, spec, silent, config)
            rows[row_name(lane)] = words_row(found) | {
                "false_events_per_minute": round(false.false_per_minute, 3)
            }
    return figures


def joined(streams: Sequence[TokenStream]) -> TokenStream:
    """Streams one after the other, as one."""
    lengths = [len(one.features) for one in streams]
    starts_s = np.cumsum([0, *lengths[:-1]]) * HOP_S
    held = [
        np.add(one.held, (0.0, start_s, start_s))
        for one, start_s in zip(streams, starts_s, strict=True)
    ]
    return TokenStream(np.concatenate([one.features for one in streams]), np.concatenate(held))


def _scored(
    task: TaskModel, lane: LaneSpec, stream: TokenStream, config: EventConfig
) -> EventScore:
    outputs = probabilities(task.lane(lane), [stream.features])
    return SCORER.score(outputs, [stream], config)

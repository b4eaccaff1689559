"""Figures of the sounds: those found, those of no class that are named, and tokens right."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cla.evaluation.figures import Measures, measure
from cla.evaluation.intervals import interval
from cla.evaluation.lanes import FULL, LANES, Outputs, outputs_of, row_name
from cla.evaluation.scoring import EventScorer, found_figures, lane_figures
from cla.evaluation.streams import Expected, TokenStream
from cla.features import SOUND_HOP_S, embed_sounds
from cla.models import EventConfig, TaskModel
from recipes.sounds.labels import labels_of
from recipes.sounds.strangers import strange_sounds
from recipes.sounds.streams import NONE

LABELS = (
    "none", "dog", "rain", "sea waves", "baby", "clock", "sneeze", "helicopter", "chainsaw",
    "rooster", "crackling fire",
)  # fmt: skip


SCORER = EventScorer[TokenStream](
    LABELS, SOUND_HOP_S, lambda stream: Expected(stream.occurrences, stream.occurrences)
)
"""A dog may bark again: a second event of what is heard is no false one."""


def evaluate(task: TaskModel, sets: Mapping[str, Sequence[TokenStream]]) -> dict[str, Any]:
    """Figures per set and lane, and the ablations on the set `test`."""
    measures = Measures[TokenStream](
        row=lambda outputs, full, streams: _row(outputs, full, streams, task.event_config),
        ablated=tokens_right,
        holds=lambda _: True,
    )
    figures = measure(task, sets, measures, lambda _: LANES)
    return {name: rows for name, rows in figures.items() if name in (*sets, "test: ablation")}


def strangers_named(task: TaskModel, downloads: Path) -> dict[str, Any]:
    """How many sounds of no class are named all the same, by lane."""
    names, features = [], []
    for name, samples in strange_sounds(downloads):
        names.append(name)
        features.append(embed_sounds(samples, scored=True).numpy())
    found: dict[str, Any] = {"recordings": len(names)}
    for lane in (FULL, *(one for one in LANES if one.num_landmarks == 16)):
        events = [
            SCORER.detect(rows, task.event_config)
            for rows in outputs_of(task, task.lane(lane), features)
        ]
        named = {name: each[0].label for name, each in zip(names, events, strict=True) if each}
        found[row_name(lane)] = {
            "named": len(named),
            "share": round(len(named) / len(names), 4),
            "interval": interval(len(named), len(names)),
            **({"as": named} if lane == FULL else {}),
        }
    return found


def tokens_right(outputs: Outputs, streams: Sequence[TokenStream]) -> dict[str, float]:
    """Share of tokens named right: of all, and of those of sounds."""
    named = np.concatenate(outputs).argmax(-1)
    labels = np.concatenate([labels_of(stream) for stream in streams])
    right = named == labels
    return {
        "tokens_right": round(float(right.mean()), 4),
        "sound_tokens_right": round(float(right[labels != NONE].mean()), 4),
    }


def _row(
    outputs: Outputs, full: Outputs, streams: Sequence[TokenStream], config: EventConfig
) -> dict[str, Any]:
    counted = SCORER.score(outputs, streams, config)
    return {
        **found_figures(counted, "sounds"),
        **lane_figures(counted, outputs, full),
        **tokens_right(outputs, streams),
    }

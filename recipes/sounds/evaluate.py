"""Figures of the sounds: those found, those of no class that are named, and tokens right."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cla.attention import REFERENCE
from cla.evaluation.intervals import wilson
from cla.evaluation.lanes import (
    FULL,
    LANES,
    Outputs,
    ablations,
    probabilities,
    row_name,
)
from cla.evaluation.scoring import EventScore, EventScorer, lane_figures
from cla.features import SOUND_HOP_S, embed_sounds
from cla.models import EventConfig, LaneSpec, TaskModel
from recipes.sounds.dataset import SoundStream
from recipes.sounds.familiar import held, strange_tokens
from recipes.sounds.strangers import strange_sounds
from recipes.sounds.streams import NONE

LABELS = (
    "none", "dog", "rain", "sea waves", "baby", "clock", "sneeze", "helicopter", "chainsaw",
    "rooster", "crackling fire",
)  # fmt: skip


def strangers_named(task: TaskModel, downloads: Path) -> dict[str, Any]:
    """How many sounds of no class are named all the same, by lane."""
    names, features = [], []
    for name, samples in strange_sounds(downloads):
        names.append(name)
        features.append(embed_sounds(samples, scored=True).numpy())
    silent = [np.zeros(len(tokens), np.int64) for tokens in features]
    streams = [
        SoundStream(tokens, labels, np.zeros((0, 3)))
        for tokens, labels in zip(features, silent, strict=True)
    ]
    scorer = EventScorer(LABELS, SOUND_HOP_S)
    found: dict[str, Any] = {"recordings": len(names)}
    for lane in (FULL, *(one for one in LANES if one.num_landmarks == 16)):
        events = [
            scorer.detect(rows, task.event_config) for rows in outputs_of(task, lane, streams)
        ]
        named = {name: each[0].label for name, each in zip(names, events, strict=True) if each}
        found[row_name(lane)] = {
            "named": len(named),
            "share": round(len(named) / len(names), 4),
            "interval": [round(end, 4) for end in wilson(len(named), len(names))],
            **({"as": named} if lane == FULL else {}),
        }
    return found


def outputs_of(task: TaskModel, lane: LaneSpec, streams: Sequence[SoundStream]) -> Outputs:
    """What a lane says of streams, with what is strange held against it."""
    outputs = probabilities(task.lane(lane), [stream.features for stream in streams])
    return held(outputs, strange_tokens(task.known, streams))


def figures_of(task: TaskModel, streams: Sequence[SoundStream]) -> dict[str, Any]:
    """Tokens and sounds right of each lane, and the ablations."""
    full = outputs_of(task, FULL, streams)
    rows: dict[str, Any] = {}
    for lane in LANES:
        outputs = full if lane == FULL else outputs_of(task, lane, streams)
        counted = score(outputs, streams, task.event_config)
        rows[row_name(lane)] = {
            "sounds": counted.present,
            "recall": round(counted.recall, 4),
            "interval": [round(end, 4) for end in wilson(counted.found, counted.present)],
            **lane_figures(counted, outputs, full),
            **tokens_right(outputs, streams),
        }
    strange = strange_tokens(task.known, streams)
    features = [stream.features for stream in streams]
    ablated = {
        name: tokens_right(held(probabilities(lane, features), strange), streams)
        for name, lane in ablations(task).items()
    }
    return {"test": rows, "test: ablation": {REFERENCE: tokens_right(full, streams), **ablated}}


def score(outputs: Outputs, streams: Sequence[SoundStream], config: EventConfig) -> EventScore:
    """Sounds found and false events of some streams."""
    scorer = EventScorer(LABELS, SOUND_HOP_S)
    total = EventScore()
    for output, stream in zip(outputs, streams, strict=True):
        heard = stream.occurrences
        # A dog may bark again: a second event of what is heard is no false one.
        total += scorer.score(scorer.detect(output, config), heard, len(output), heard)
    return total


def tokens_right(outputs: Outputs, streams: Sequence[SoundStream]) -> dict[str, float]:
    """Share of tokens named right: of all, and of those of sounds."""
    named = np.concatenate(outputs).argmax(-1)
    labels = np.concatenate([stream.labels for stream in streams])
    right = named == labels
    return {
        "tokens_right": round(float(right.mean()), 4),
        "sound_tokens_right": round(float(right[labels != NONE].mean()), 4),
    }

"""Figures of the sounds: those found, those of no class that are named, and tokens right."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cla.datasets import SAMPLE_RATE_HZ, Package, fetch, load_audio
from cla.evaluation.figures import Measures, measure
from cla.evaluation.lanes import FULL, LANES, Outputs, outputs_of, row_name
from cla.evaluation.scoring import EventScorer, found_figures, interval, lane_figures
from cla.evaluation.streams import Expected, TokenStream
from cla.features import SOUND_HOP_S, embed_sounds
from cla.models import EventConfig, TaskModel
from recipes.sounds.labels import labels_of
from recipes.sounds.streams import NONE, Samples

LABELS = (
    "none", "dog", "rain", "sea waves", "baby", "clock", "sneeze", "helicopter", "chainsaw",
    "rooster", "crackling fire",
)  # fmt: skip


SCORER = EventScorer[TokenStream](
    LABELS, SOUND_HOP_S, lambda stream: Expected(stream.occurrences, stream.occurrences)
)
"""A dog may bark again: a second event of what is heard is no false one."""
STAMPS = Package(
    "debian", "tuxpaint-stamps-default", "2022.06.04-1",
    "tuxpaint-stamps-default_2022.06.04-1_all.deb",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34", "GPL-2",
)  # fmt: skip
"""For tests alone: nothing of it is trained on."""
FOLDERS = ("animals", "household", "vehicles", "naturalforces")
OF_A_CLASS = frozenset({"dog", "rooster"})
LEVEL_DB = -20.0
_LONGEST_S, _SILENCE_S = 8.0, 1.0


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


def strange_sounds(downloads: Path) -> Iterator[tuple[str, Samples]]:
    """Names and samples of animals, tools and vehicles, each between silences.

    Raises:
        ClaError: the package cannot be fetched.
    """
    stamps = fetch(STAMPS, downloads) / "usr" / "share" / "tuxpaint" / "stamps"
    silence = np.zeros(round(_SILENCE_S * SAMPLE_RATE_HZ), np.float32)
    for path in sorted(one for folder in FOLDERS for one in (stamps / folder).rglob("*.ogg")):
        if "_desc" in path.stem or path.stem in OF_A_CLASS:
            continue  # a description is speech
        samples = load_audio(path)[: round(_LONGEST_S * SAMPLE_RATE_HZ)]
        level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
        loud = samples * np.float32(10 ** (LEVEL_DB / 20) / max(level, 1e-6))
        yield path.stem, np.concatenate((silence, loud.clip(-1, 1), silence))

"""Figures of the key: tokens right, what is taken for what, and what a window earns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.attention import LOW_RANK, LandmarkMode
from cla.evaluation.figures import Measures, Row, measure
from cla.evaluation.lanes import FULL, LANES, Outputs, probabilities, row_name
from cla.models import LaneSpec, TaskModel
from recipes.key.keys import NONE
from recipes.key.labels import bins_moved, lasting
from recipes.key.scenes import KeyStream

WINDOWS = (10, 30, 120, 480, 600, 1_024, 1_920, 4_096)
WINDOW_COUNTS = (4, 16, 64)
LANDMARK_MODES: tuple[LandmarkMode, ...] = ("fixed", "continual")
WINDOW_LANES = (
    FULL,
    *(
        LaneSpec(LOW_RANK, count, mode)
        for mode in ("fixed", "continual")
        for count in WINDOW_COUNTS
    ),
)
FIFTHS = 12


class Heard(NamedTuple):
    """A stream as lanes take it.

    Shapes:
        features: (T, 120)
        labels, origin: (T,)
    """

    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    origin: NDArray[np.int64]


def heard(streams: Sequence[KeyStream]) -> list[Heard]:
    """Streams in the keys in which they were played."""
    return [Heard(bins_moved(one), lasting(one.labels), one.origin) for one in streams]


def evaluate(task: TaskModel, sets: Mapping[str, Sequence[Heard]]) -> dict[str, Any]:
    """Figures per set and lane, by collection, of what is taken for what, and the ablations."""

    def details(full: Outputs, streams: Sequence[Heard]) -> dict[str, Row]:
        return {"mistakes": mistakes(full, streams), "collections": _collections(full, streams)}

    measures = Measures[Heard](
        row=lambda outputs, full, streams: {
            **tokens_right(outputs, streams),
            "agreement_with_full": _agreement(outputs, full),
        },
        ablated=tokens_right,
        holds=lambda stream: bool(stream.labels.any()),
        details=details,
    )
    return measure(task, sets, measures, lambda _: LANES)


def over_windows(
    task: TaskModel, sets: Mapping[str, Sequence[Heard]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Share of tokens of music that are named right, by window, lane and set."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for window in WINDOWS:
        rows = table.setdefault(str(window), {})
        for lane in WINDOW_LANES:
            if (lane.num_landmarks or 0) <= window:
                run = task.lane(replace(lane, window=window))
                rows[row_name(lane)] = {
                    name: tokens_right(
                        probabilities(run, [one.features for one in streams]), streams
                    )["key_tokens_right"]
                    for name, streams in sets.items()
                }
    return table


def tokens_right(outputs: Outputs, streams: Sequence[Heard]) -> dict[str, float]:
    """Share of tokens named right: of all, and of those of music."""
    said, labels = _said(outputs), np.concatenate([stream.labels for stream in streams])
    right = said == labels
    return {
        "tokens_right": round(float(right.mean()), 4),
        "key_tokens_right": round(float(right[labels != NONE].mean()), 4),
    }


def mistakes(outputs: Outputs, streams: Sequence[Heard]) -> dict[str, float]:
    """What the tokens of music are taken for, as musicians say it, in shares of them."""
    labels = np.concatenate([stream.labels for stream in streams])
    music = labels != NONE
    said, labels = _said(outputs)[music], labels[music]
    minor, place = np.divmod(labels - 1, FIFTHS)
    said_minor, said_place = np.divmod(said - 1, FIFTHS)
    apart = np.where(said == NONE, -1, (said_place - place) % FIFTHS)
    same = said_minor == minor
    # Keys of one signature lie at one place; the parallel key lies three fifths away.
    parallel = np.where(minor == 0, FIFTHS - 3, 3)
    kinds = {
        "right": same & (apart == 0),
        "a fifth away": same & ((apart == 1) | (apart == FIFTHS - 1)),
        "relative": ~same & (apart == 0),
        "parallel": ~same & (apart == parallel),
        "none": said == NONE,
    }
    shares = {name: round(float(chosen.mean()), 4) for name, chosen in kinds.items()}
    return {**shares, "another": round(1 - sum(shares.values()), 4)}


def _collections(outputs: Outputs, streams: Sequence[Heard]) -> dict[str, float]:
    """Share of tokens of music right, by place in the names of the set's collections."""
    said = _said(outputs)
    labels = np.concatenate([stream.labels for stream in streams])
    origin = np.concatenate([stream.origin for stream in streams])
    return {
        str(place): round(float((said == labels)[origin == place].mean()), 4)
        for place in np.unique(origin[origin >= 0])
    }


def _agreement(outputs: Outputs, full: Outputs) -> float:
    return round(float((_said(outputs) == _said(full)).mean()), 4)


def _said(outputs: Outputs) -> NDArray[np.int64]:
    return np.asarray(np.concatenate(outputs).argmax(-1))

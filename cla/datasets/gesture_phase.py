"""Gesture Phase Segmentation: a phase for every frame of people who tell stories."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets.clips import Origin
from cla.datasets.gesture_variants import GestureRecording, paced, paces, varied
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.errors import ClaError
from cla.features import BODY_HOP_S, NUM_JOINTS, body_features
from cla.texts.sentence import Sentence

GESTURE_PHASE = Origin(
    "Gesture Phase Segmentation",
    "https://archive.ics.uci.edu/dataset/302/gesture+phase+segmentation",
    "5 MB",
    "a1_raw.csv and so on, or a1_va3.csv, here or in folders train/ and test/",
)
LABELS = ("rest", "preparation", "stroke", "hold", "retraction")
WINDOW = 64
PROCESSED_DIM = 32
TEST, TRAIN = 0, 1
"""Folds of recordings in folders `test` and `train`."""

_FILE = re.compile(r"([a-z]\d+)_(raw|va3)\.csv")
_PHASES = {name: label for label, name in enumerate(LABELS)}
_PHASES |= {"d": 0, "p": 1, "s": 2, "h": 3, "r": 4}
"""In words, or by the initials that the processed files have; D is descanso, rest."""
_RAW_COLUMNS = [
    f"{joint}{axis}" for joint in ("lh", "rh", "h", "s", "lw", "rw") for axis in "xyz"
] + ["timestamp"]


def gesture_phase(folder: Path, features: str | None = None) -> TokenSet:
    """Every recording that is there, a token for each frame.

    Each recording is a fold, in the order of their names; but where some are in a folder `test`
    these are fold 0, and the others are trained on.

    Args:
        features: `body`, the joints of raw files (`body_features`), if not given; or `va3`, the
            32 velocities and accelerations of the processed files.

    Raises:
        ClaError: there is no recording, or a file is of another layout.
    """
    if features not in (None, "body", "va3"):
        raise ClaError("gesture_features_unknown", name=features)
    layout = "va3" if features == "va3" else "raw"
    paths = [
        path
        for path in sorted(folder.rglob("*.csv"), key=lambda path: path.name)
        if (named := _FILE.fullmatch(path.name)) and named[2] == layout
    ]
    if not paths:
        raise GESTURE_PHASE.missing(folder)
    kept_apart = any(path.parent.name == "test" for path in paths)
    raw: dict[str, GestureRecording] = {}
    sequences = []
    for index, path in enumerate(paths):
        fold = (TEST if path.parent.name == "test" else TRAIN) if kept_apart else index
        numbers, labels = _read(path, layout)
        if layout == "va3":
            sequences.append(TokenSequence(path.stem, numbers, labels, fold))
            continue
        points = numbers[:, :-1].reshape(-1, NUM_JOINTS, 3)
        raw[path.stem] = GestureRecording(points, numbers[:, -1] / 1000)
        features_of = body_features(*raw[path.stem])
        sequences.append(TokenSequence(path.stem, features_of, labels, fold))

    def variant(sequence: TokenSequence, rng: np.random.Generator) -> TokenSequence:
        places = paces(raw[sequence.name], rng)
        made = varied(paced(raw[sequence.name], places), rng)
        labels = sequence.labels[places.round().astype(np.int64)]
        return sequence._replace(features=body_features(*made), labels=labels)

    return TokenSet(
        "gesture-phase",
        LABELS,
        tuple(sequences),
        BODY_HOP_S,
        WINDOW,
        "average_precision",
        variant=variant if raw else None,
    )


def _read(path: Path, layout: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The numbers (T, K) and labels (T,) of a file; times, in ms, are the last of the raw ones."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = [name.strip().lower() for name in next(reader, [])]
        rows = [row for row in reader if row]
    columns = _columns(path, names, layout)
    try:
        numbers = np.array([[float(row[column]) for column in columns] for row in rows])
        labels = [_PHASES[row[names.index("phase")].strip().lower()] for row in rows]
    except (ValueError, IndexError, KeyError) as error:
        raise _other_layout(path, Sentence("gesture_layout.value", reason=error)) from error
    if not rows or not np.isfinite(numbers).all():
        raise _other_layout(path, Sentence("gesture_layout.frames"))
    return numbers, np.array(labels, np.int64)


def _columns(path: Path, names: Sequence[str], layout: str) -> list[int]:
    if "phase" not in names:
        raise _other_layout(path, Sentence("gesture_layout.column", name="phase"))
    if layout == "raw":
        if missing := [name for name in _RAW_COLUMNS if name not in names]:
            raise _other_layout(path, Sentence("gesture_layout.column", name=missing[0]))
        return [names.index(name) for name in _RAW_COLUMNS]
    columns = [column for column, name in enumerate(names) if name != "phase"]
    if len(columns) != PROCESSED_DIM:
        raise _other_layout(
            path,
            Sentence("gesture_layout.columns", found=len(columns), expected=PROCESSED_DIM),
        )
    return columns


def _other_layout(path: Path, reason: Sentence) -> ClaError:
    return ClaError("gesture_file_unfit", path=path, reason=reason, url=GESTURE_PHASE.url)

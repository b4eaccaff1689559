"""Data sets of one's own: recordings in folders or a table, or arrays of features."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cla.datasets.clips import SOUND_SUFFIXES, VIDEO_SUFFIXES, Clip, ClipSet, Origin, files_below
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.errors import ClaError

CLIPS = Origin(
    "A set of clips",
    "wherever you recorded it",
    "any size",
    "a folder of sound or video files for each class, or clips.csv with columns path, label",
)
TABLE = "clips.csv"


ARRAYS = Origin(
    "A set of feature arrays",
    "wherever you computed it",
    "any size",
    "dataset.json and .npz files (features, labels)",
)
FOLDS = {"test": 0, "train": 1}


def clip_folder(folder: Path) -> ClipSet:
    """Clips by their folders' names, or by `clips.csv`.

    The table may have a column `fold` (whole numbers from 0).

    Raises:
        ClaError: neither is there, or a file of the table is missing.
    """
    table = folder / TABLE
    rows = _table(table) if table.exists() else _folders(folder)
    if not rows:
        raise CLIPS.missing(folder)
    labels = tuple(sorted({label for _, label, _ in rows}))
    clips = tuple(Clip(path, labels.index(label), fold) for path, label, fold in rows)
    return ClipSet(folder.resolve().name, labels, clips)


def is_video(clips: ClipSet) -> bool:
    """Whether these are clips of pictures.

    Raises:
        ClaError: some are, and some are not.
    """
    kinds = {clip.path.suffix.lower() in VIDEO_SUFFIXES for clip in clips.clips}
    if len(kinds) > 1:
        raise ClaError("clips_of_two_media", folder=clips.name)
    return kinds == {True}


def _folders(folder: Path) -> list[tuple[Path, str, int | None]]:
    parts = sorted(part for part in folder.iterdir() if part.is_dir()) if folder.is_dir() else []
    suffixes = SOUND_SUFFIXES | VIDEO_SUFFIXES
    return [(path, part.name, None) for part in parts for path in files_below(part, suffixes)]


def _table(table: Path) -> list[tuple[Path, str, int | None]]:
    with table.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    if lines and not {"path", "label"} <= lines[0].keys():
        raise ClaError("table_columns_missing", table=table)
    rows = [(table.parent / line["path"], line["label"], _fold(line, table)) for line in lines]
    if absent := [path for path, _, _ in rows if not path.is_file()]:
        raise ClaError("table_file_missing", file=absent[0], table=table)
    return rows


def _fold(line: dict[str, str], table: Path) -> int | None:
    fold = line.get("fold")
    if fold and not fold.isdecimal():
        raise ClaError("table_fold_unknown", table=table, fold=fold)
    return int(fold) if fold else None


def feature_arrays(folder: Path, features: str | None = None) -> TokenSet:
    """A data set of feature arrays.

    `dataset.json` holds `labels` (names), `hop_s` and `window`, and may hold `measure`
    (`accuracy` of whole recordings, or `average_precision` of frames), `background` and `ignored`
    (labels by name). Arrays in folders `train` and `test` are used so; others are split.

    Raises:
        ClaError: a file is missing, or does not hold what it should; or features are asked for.
    """
    if features is not None:
        raise ClaError("arrays_with_features")
    path = folder / "dataset.json"
    if not path.exists():
        raise ARRAYS.missing(folder)
    about = _about(path)
    labels = tuple(about["labels"])
    sequences = [_sequence(file, folder, len(labels)) for file in files_below(folder, (".npz",))]
    if not sequences:
        raise ARRAYS.missing(folder)
    if len(sizes := {sequence.features.shape[1] for sequence in sequences}) > 1:
        raise ClaError("feature_sizes_differ", folder=folder, sizes=sorted(sizes))
    return TokenSet(
        folder.resolve().name,
        labels,
        tuple(sequences),
        float(about["hop_s"]),
        int(about["window"]),
        about.get("measure", "accuracy"),
        _index(about, "background", labels),
        _index(about, "ignored", labels),
    )


def _about(path: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(path.read_text("utf-8"))
        missing = {"labels", "hop_s", "window"} - about.keys()
    except (ValueError, AttributeError) as error:
        raise ClaError("description_unreadable", path=path, reason=error) from error
    if missing:
        raise ClaError("description_incomplete", path=path, missing=", ".join(sorted(missing)))
    return about


def _index(about: Mapping[str, Any], name: str, labels: tuple[str, ...]) -> int | None:
    label = about.get(name)
    if label is not None and label not in labels:
        raise ClaError("label_unknown", place=name, label=label)
    return None if label is None else labels.index(label)


def _sequence(path: Path, folder: Path, classes: int) -> TokenSequence:
    try:
        with np.load(path, allow_pickle=False) as packed:  # objects would be unpickled
            features, labels = packed["features"], packed["labels"]
    except (OSError, ValueError, KeyError) as error:
        raise ClaError("sequence_unreadable", path=path, reason=error) from error
    if features.ndim != 2 or labels.shape != features.shape[:1] or not len(labels):
        raise ClaError(
            "features_and_labels_unfit", path=path, features=features.shape, labels=labels.shape
        )
    if (
        not np.issubdtype(labels.dtype, np.integer)
        or not (labels >= 0).all() & (labels < classes).all()
    ):
        raise ClaError("labels_no_class", path=path, most=classes - 1)
    if not np.isfinite(features).all():
        raise ClaError("dataset_features_not_finite", path=path)
    fold = FOLDS.get(path.relative_to(folder).parts[0])
    return TokenSequence(str(path.relative_to(folder)), features, labels.astype(np.int64), fold)

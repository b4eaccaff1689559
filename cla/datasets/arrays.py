"""Feature arrays of one's own, with a label for each frame."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cla.datasets.clips import Origin, files_below
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.errors import ClaError

ARRAYS = Origin(
    "A set of feature arrays",
    "wherever you computed it",
    "any size",
    "dataset.json and .npz files (features, labels)",
)
FOLDS = {"test": 0, "train": 1}


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

"""THUMOS14 for online action detection: published features of videos, four a second."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets.clips import Origin
from cla.datasets.token_sets import TokenSequence, TokenSet
from cla.errors import ClaError

THUMOS14 = Origin(
    "THUMOS14 (features)",
    "https://github.com/amazon-science/long-short-term-transformer, section Data Preparation",
    "about 6 GB",
    "a folder of RGB and one of flow features (rgb_*/, flow_*/) and target_perframe/, .npy each",
)
LABELS = (
    "background",
    "baseball pitch",
    "basketball dunk",
    "billiards",
    "clean and jerk",
    "cliff diving",
    "cricket bowling",
    "cricket shot",
    "diving",
    "frisbee catch",
    "golf swing",
    "hammer throw",
    "high jump",
    "javelin throw",
    "long jump",
    "pole vault",
    "shot put",
    "soccer penalty",
    "tennis swing",
    "throw discus",
    "volleyball spiking",
    "ambiguous",
)
BACKGROUND, AMBIGUOUS = 0, 21
HOP_S = 0.25
WINDOW = 64
TEST, TRAIN = 0, 1
"""Folds: the videos called validation are trained on, as everyone does."""


def thumos14(folder: Path, features: str | None = None) -> TokenSet:
    """The videos whose features and annotations are there; tokens are RGB and flow, side by side.

    Args:
        features: what the networks were trained on, a part of the folders' names, such as
            `kinetics` or `anet`; None where there is one pair of folders.

    Raises:
        ClaError: the layout is another one, or the files of a video do not fit together.
    """
    targets = folder / "target_perframe"
    parts = [_feature_folder(folder, part, features) for part in ("rgb", "flow")]
    if not targets.is_dir() or None in parts:
        raise THUMOS14.missing(folder)
    train, test = _sessions(folder, targets)
    sequences = [
        _sequence(targets / f"{name}.npy", [part for part in parts if part], fold)
        for names, fold in ((train, TRAIN), (test, TEST))
        for name in names
    ]
    if not sequences:
        raise THUMOS14.missing(folder)
    return TokenSet(
        "thumos14",
        LABELS,
        tuple(sequences),
        HOP_S,
        WINDOW,
        "average_precision",
        BACKGROUND,
        AMBIGUOUS,
    )


def _feature_folder(folder: Path, part: str, features: str | None) -> Path | None:
    found = [
        path
        for path in sorted(folder.glob(f"{part}_*"))
        if path.is_dir() and (features is None or features in path.name)
    ]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ClaError("features_ambiguous", folder=folder, found=names)
    return found[0] if found else None


def _sessions(folder: Path, targets: Path) -> tuple[list[str], list[str]]:
    """Names of the videos to train on and to test on: of the list, or by their names."""
    path = folder / "data_info.json"
    if not path.exists():
        names = sorted(path.stem for path in targets.glob("*.npy"))
        return [name for name in names if "test" not in name], [n for n in names if "test" in n]
    info = json.loads(path.read_text("utf-8"))
    info = info.get("THUMOS", info)
    return list(info["train_session_set"]), list(info["test_session_set"])


def _sequence(target: Path, parts: list[Path], fold: int) -> TokenSequence:
    frames = _load(target)
    if frames.ndim != 2 or frames.shape[1] != len(LABELS):
        raise ClaError(
            "targets_of_wrong_shape",
            file=target,
            shape=frames.shape,
            classes=len(LABELS),
            url=THUMOS14.url,
        )
    features: list[NDArray[np.floating]] = [_load(part / target.name) for part in parts]
    if any(len(one) != len(frames) for one in features):
        lengths = ", ".join(str(len(one)) for one in features)
        raise ClaError(
            "targets_of_wrong_length",
            video=target.stem,
            count=len(frames),
            lengths=lengths,
            url=THUMOS14.url,
        )
    labels = frames.argmax(1).astype(np.int64)
    return TokenSequence(target.stem, np.concatenate(features, 1), labels, fold)


def _load(path: Path) -> NDArray[np.floating]:
    """One array of numbers; objects, which would be unpickled, are refused."""
    try:
        array: NDArray[np.floating] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ClaError("array_unreadable", path=path, reason=error) from error
    if not np.issubdtype(array.dtype, np.number) and array.dtype != np.bool_:
        raise ClaError("array_no_numbers", path=path, dtype=array.dtype)
    return array

"""The packages the recipe draws on, and the recorded hands in them."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import Package, fetch
from cla.features import Handedness
from recipes.hands.vocabulary import OTHER_SIGNS, SIGNS

POSES = Package(
    "python", "pose-classification-kit", "1.1.5", "pose_classification_kit-1.1.5-py3-none-any.whl",
    "c3ea7053f67422f779572449d4f4a9d2270233904fd56fddc5c465d102be41c8", "MIT",
)  # fmt: skip

Recordings = Mapping[str, NDArray[np.float32]]
"""Frames (T, 21, 2) of each sign in recording order, as right hands, y down, of size 1."""


def recordings(side: Handedness, downloads: Path) -> Recordings:
    """The recorded signs of one hand. Left hands are mirrored, so that all look like right ones."""
    folder = fetch(POSES, downloads) / "pose_classification_kit" / "datasets" / "Hands"
    return {
        sign: _frames(folder / f"{sign}_{side}_hand.json", side) for sign in SIGNS + OTHER_SIGNS
    }


def _frames(path: Path, side: Handedness) -> NDArray[np.float32]:
    entries = json.loads(path.read_text("utf-8"))["data"]
    points = np.array([(entry["x"], entry["y"]) for entry in entries], np.float32)
    points = points.transpose(0, 2, 1) * np.array([1 if side == "right" else -1, -1], np.float32)
    points -= points.mean(1, keepdims=True)
    sizes = np.sqrt(np.square(points).sum(2).mean(1))
    scaled: NDArray[np.float32] = points / sizes[:, np.newaxis, np.newaxis]
    return scaled

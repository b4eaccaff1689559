"""Photographs of hands and what MediaPipe says of them; and recorded hands."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent / "data" / "hands"
PALMS = ("handSrc", "handDst", "Histogram_Comparison_Source_0")


def photograph(name: str) -> NDArray[np.uint8]:
    """Returns the image, RGB."""
    import cv2

    return cv2.cvtColor(cv2.imread(str(FOLDER / f"{name}.jpg")), cv2.COLOR_BGR2RGB)


def expected(name: str) -> dict:
    """Returns the points MediaPipe finds: alone ("static"), and after some frames ("tracked")."""
    return json.loads((FOLDER / "mediapipe.json").read_text())[name]


def recorded_hands() -> dict[str, NDArray[np.float32]]:
    """Returns every sixth of the recorded left hands of each sign, mirrored, (T, 21, 2)."""
    with np.load(FOLDER / "left_recordings.npz") as archive:
        return {name: archive[name].astype(np.float32) for name in archive}

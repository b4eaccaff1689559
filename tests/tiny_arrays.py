"""A tiny data set of feature arrays: classes told apart by what came some tokens ago."""

import json
from pathlib import Path

import numpy as np

LABELS = ("none", "a", "b")


def write_arrays(folder: Path, count: int = 18, length: int = 8, **about: object) -> Path:
    """Sequences of 5 features, `length` tokens each, a third of them of each class."""
    rng = np.random.default_rng(3)
    for index in range(count):
        label = index % 3
        features = 0.3 * rng.standard_normal((length, 5)).astype(np.float32)
        features[:, label] += 1.0
        part = folder / ("test" if index >= count * 2 // 3 else "train")
        part.mkdir(parents=True, exist_ok=True)
        labels = np.full(length, label)
        np.savez(part / f"{index:02d}.npz", features=features, labels=labels)
    settings = {"labels": LABELS, "hop_s": 0.5, "window": 8, **about}
    (folder / "dataset.json").write_text(json.dumps(settings))
    return folder


SMALL = {
    "model": {"embed_dim": 16, "heads": 2, "feed_forward_dim": 8},
    "training": {"epochs": 3, "fit_epochs": 2, "batch_size": 6, "mixup": 0.0},
}
"""Settings of a run that takes a second."""

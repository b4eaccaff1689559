"""Streams of hands on disk."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cla.files import make_folder, replacing
from recipes.hands.streams import HandsStream, StreamMaker


def build_streams(maker: StreamMaker, count: int, seed: int, folder: Path) -> None:
    """Make what is missing of `count` streams; finished ones are kept."""
    from tqdm import trange

    make_folder(folder)
    for number in trange(count, desc=f"streams {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        stream = maker.make(np.random.default_rng((seed, number)))
        with replacing(path) as file:
            np.savez(file, **asdict(stream))


def load_streams(folder: Path) -> Iterator[HandsStream]:
    """The streams that `build_streams` wrote."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as archive:
            yield HandsStream(**archive)

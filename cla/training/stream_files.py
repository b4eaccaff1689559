"""Streams on disk, made once: some arrays of each, some streams to a file."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from cla.errors import ClaError
from cla.files import make_folder, replacing

S = TypeVar("S", bound=NamedTuple)


def build_streams(folder: Path, files: int, make: Callable[[int], Iterable[NamedTuple]]) -> None:
    """Write the files that are missing; those that are there are kept.

    Args:
        make: the streams of the file of that number, tuples of arrays.
    """
    from tqdm import trange

    make_folder(folder)
    for number in trange(files, desc=f"streams {folder.name}"):
        path = folder / f"{number:04d}.npz"
        if not path.exists():
            arrays: dict[str, Any] = {
                f"{name}{index}": array
                for index, stream in enumerate(make(number))
                for name, array in stream._asdict().items()
            }
            with replacing(path) as file:
                np.savez(file, **arrays)


def read_streams(folder: Path, kind: type[S]) -> list[S]:
    """The streams that `build_streams` wrote.

    Raises:
        ClaError: there are none.
    """
    streams: list[S] = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as archive:
            streams += (
                kind._make(archive[f"{name}{index}"] for name in kind._fields)
                for index in range(len(archive.files) // len(kind._fields))
            )
    if not streams:
        raise ClaError("streams_missing", folder=folder)
    return streams

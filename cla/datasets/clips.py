"""Labeled recordings in folders, and whole recordings as samples at one rate."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.capture import open_audio, suffixes
from cla.errors import ClaError
from cla.features import SAMPLE_RATE_HZ as SAMPLE_RATE_HZ  # offered from here too
from cla.features import resampled

SOUND_SUFFIXES, VIDEO_SUFFIXES = suffixes("sound"), suffixes("video")


class Clip(NamedTuple):
    """A recording that is of one class.

    `fold` is the part of a cross-validation that it belongs to, from 0; None where the data set
    does not say.
    """

    path: Path
    label: int
    fold: int | None = None


@dataclass(frozen=True)
class ClipSet:
    """Recordings of a data set."""

    name: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]


@dataclass(frozen=True)
class Origin:
    """Where a data set comes from, for those who do not have it yet."""

    name: str
    url: str
    size: str
    layout: str

    def missing(self, folder: Path) -> ClaError:
        """The error that says what is missing in `folder`, and how to get it."""
        return ClaError(
            "dataset_missing",
            name=self.name,
            folder=folder,
            layout=self.layout,
            url=self.url,
            size=self.size,
        )


def files_below(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Files of these kinds in a folder and its subfolders, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)


def load_audio(path: Path) -> NDArray[np.float32]:
    """A whole file as mono samples at 16 kHz.

    Shapes:
        returns: (S,) float32 in [-1, 1].

    Raises:
        ClaError: the file is not a sound file.
    """
    with open_audio(path) as audio:
        samples = np.concatenate([chunk.samples for chunk in audio])
        return resampled(samples, audio.sample_rate_hz, SAMPLE_RATE_HZ)


def find_audio(folder: Path) -> Iterable[Path]:
    """All sound files below `folder`, in the order of their names."""
    known = suffixes("sound")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in known)

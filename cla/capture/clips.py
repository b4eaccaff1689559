"""The sample clips that come with the package."""

import json
from dataclasses import dataclass
from pathlib import Path

from cla.resources import asset_path


@dataclass(frozen=True)
class SpokenWord:
    """A word or a sign of a clip, and when it is spoken or shown."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SampleClip:
    """A clip that may be shown, played and passed on under its license.

    Args:
        task: the task whose labels `words` are.
    """

    name: str
    task: str
    title: str
    path: Path
    license: str
    words: tuple[SpokenWord, ...]


def sample_clips(task: str = "digits") -> tuple[SampleClip, ...]:
    """Returns the clips for a task, in the order in which to offer them."""
    folder = asset_path("clips")
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return tuple(
        SampleClip(
            name=entry["name"],
            task=entry["task"],
            title=entry["title"],
            path=folder / entry["file"],
            license=entry["license"],
            words=tuple(SpokenWord(**word) for word in entry["words"]),
        )
        for entry in entries
        if entry["task"] == task
    )

"""ESC-10: 400 recordings of 5 s, 10 classes, 5 folds."""

import csv
import re
from pathlib import Path

from cla.datasets.clips import Clip, ClipSet, Origin
from cla.errors import ClaError

ESC10 = Origin(
    "ESC-10",
    "https://github.com/karolpiczak/ESC-50",
    "600 MB with all of ESC-50; ESC-10 alone 40 MB",
    "folders '001 - Dog bark' to '010 - Fire crackling', or meta/esc50.csv and audio/",
)
LABELS = (
    "dog",
    "rain",
    "sea waves",
    "crying baby",
    "clock tick",
    "sneezing",
    "helicopter",
    "chainsaw",
    "rooster",
    "crackling fire",
)
"""In the order of the folders."""

_FOLDER = re.compile(r"(0\d\d) - .+")
_FILE = re.compile(r"([1-5])-\d+-[A-Z]\.ogg")


def esc10(folder: Path) -> ClipSet:
    """ESC-10 in either layout: its own folders, or the ESC-50 repository.

    Source: K. J. Piczak, "ESC: Dataset for Environmental Sound Classification" (2015), CC BY 3.0.

    Raises:
        ClaError: neither layout is there, or files of it are missing.
    """
    table = folder / "meta" / "esc50.csv"
    clips = _from_table(table) if table.exists() else _from_folders(folder)
    if not clips:
        raise ESC10.missing(folder)
    return ClipSet("esc10", LABELS, tuple(sorted(clips)))


def _from_folders(folder: Path) -> list[Clip]:
    clips = []
    for part in folder.iterdir() if folder.is_dir() else ():
        if numbered := _FOLDER.fullmatch(part.name):
            label = int(numbered[1]) - 1
            if label >= len(LABELS):
                raise ClaError("esc_folder_unfit", folder=part)
            named = ((path, _FILE.fullmatch(path.name)) for path in part.iterdir())
            clips += [Clip(path, label, int(name[1]) - 1) for path, name in named if name]
    return clips


def _from_table(table: Path) -> list[Clip]:
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["esc10"] == "True"]
    audio = table.parent.parent / "audio"
    clips = [
        Clip(
            audio / row["filename"],
            LABELS.index(row["category"].replace("_", " ")),
            int(row["fold"]) - 1,
        )
        for row in rows
    ]
    if absent := [clip.path.name for clip in clips if not clip.path.exists()]:
        raise ClaError(
            "esc_recordings_missing",
            count=len(absent),
            table=table,
            folder=audio,
            first=absent[0],
            url=ESC10.url,
        )
    return clips

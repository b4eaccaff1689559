"""Recordings of one's own: a folder for each class, or a table of files and labels."""

import csv
from pathlib import Path

from cla.datasets.clips import SOUND_SUFFIXES, VIDEO_SUFFIXES, Clip, ClipSet, Origin, files_below
from cla.errors import ClaError

CLIPS = Origin(
    "A set of clips",
    "wherever you recorded it",
    "any size",
    "a folder of sound or video files for each class, or clips.csv with columns path, label",
)
TABLE = "clips.csv"


def clip_folder(folder: Path) -> ClipSet:
    """Clips by their folders' names, or by `clips.csv`.

    The table may have a column `fold` (whole numbers from 0).

    Raises:
        ClaError: neither is there, or a file of the table is missing.
    """
    table = folder / TABLE
    rows = _table(table) if table.exists() else _folders(folder)
    if not rows:
        raise CLIPS.missing(folder)
    labels = tuple(sorted({label for _, label, _ in rows}))
    clips = tuple(Clip(path, labels.index(label), fold) for path, label, fold in rows)
    return ClipSet(folder.resolve().name, labels, clips)


def is_video(clips: ClipSet) -> bool:
    """Whether these are clips of pictures.

    Raises:
        ClaError: some are, and some are not.
    """
    kinds = {clip.path.suffix.lower() in VIDEO_SUFFIXES for clip in clips.clips}
    if len(kinds) > 1:
        raise ClaError("clips_of_two_media", folder=clips.name)
    return kinds == {True}


def _folders(folder: Path) -> list[tuple[Path, str, int | None]]:
    parts = sorted(part for part in folder.iterdir() if part.is_dir()) if folder.is_dir() else []
    suffixes = SOUND_SUFFIXES | VIDEO_SUFFIXES
    return [(path, part.name, None) for part in parts for path in files_below(part, suffixes)]


def _table(table: Path) -> list[tuple[Path, str, int | None]]:
    with table.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    if lines and not {"path", "label"} <= lines[0].keys():
        raise ClaError("table_columns_missing", table=table)
    rows = [(table.parent / line["path"], line["label"], _fold(line, table)) for line in lines]
    if absent := [path for path, _, _ in rows if not path.is_file()]:
        raise ClaError("table_file_missing", file=absent[0], table=table)
    return rows


def _fold(line: dict[str, str], table: Path) -> int | None:
    fold = line.get("fold")
    if fold and not fold.isdecimal():
        raise ClaError("table_fold_unknown", table=table, fold=fold)
    return int(fold) if fold else None

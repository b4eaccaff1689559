"""Published sets of sounds: ESC-10, and GTZAN with 1,000 pieces of music of 30 s, 10 genres."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from cla.datasets.clips import Clip, ClipSet, Origin
from cla.errors import ClaError
from cla.torch_audio import torch_audio

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


GTZAN = Origin(
    "GTZAN",
    "https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification",
    "1.2 GB",
    "folders blues to rock with 100 files each, blues.00000.wav or .au",
)
GENRES = (
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
)
CORRUPT = "jazz.00054"
"""Cut short in the copies that circulate: no decoder reads it."""
TEST, TRAIN, VALIDATION = 0, 1, 2


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


def gtzan(folder: Path) -> ClipSet:
    """GTZAN without the damaged file and without what its published filtered split leaves out.

    That is what is there twice, or would put one artist on both sides of a split.

    Raises:
        ClaError: it is not in `folder`.
    """
    return _gtzan(folder, dict.fromkeys(published_split()))


def gtzan_filtered(folder: Path) -> ClipSet:
    """The same in the published parts, fold `TEST` and `TRAIN`; nothing is decided by the third.

    Raises:
        ClaError: it is not in `folder`.
    """
    parts = published_split()
    return _gtzan(folder, {name: part for name, part in parts.items() if part != VALIDATION})


def _gtzan(folder: Path, folds: Mapping[str, int | None]) -> ClipSet:
    clips = [
        Clip(path, label, folds[path.stem])
        for label, genre in enumerate(GENRES)
        for path in sorted((folder / genre).glob(f"{genre}.*"))
        if path.stem in folds and path.stem != CORRUPT and path.suffix in (".wav", ".au")
    ]
    if not clips:
        raise GTZAN.missing(folder)
    return ClipSet("gtzan", GENRES, tuple(clips))


def published_split() -> Mapping[str, int]:
    """The part of each recording, such as blues.00000, in the filtered split that is published.

    Source: C. Kereliuk, B. L. Sturm and J. Larsen, "Deep Learning and Music Adversaries"
    (arXiv 1507.04761), as torchaudio has it.
    """
    lists = torch_audio().datasets.gtzan
    parts = {
        TRAIN: lists.filtered_train,
        VALIDATION: lists.filtered_valid,
        TEST: lists.filtered_test,
    }
    return {name: part for part, names in parts.items() for name in names}

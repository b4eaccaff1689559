"""GTZAN: 1,000 pieces of music of 30 s, 10 genres."""

import re
from pathlib import Path

from cla.datasets.clips import Clip, ClipSet, Origin

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
REPEATED = {
    "disco": "50 51 70, 55 60 89, 71 74, 98 99",
    "hiphop": "39 45, 76 78",
    "jazz": "33 51, 34 53, 35 55, 36 58, 37 60, 38 62, 39 65, 40 67, 42 68, 43 69, 44 70, 45 71, "
    "46 72",
    "metal": "4 13, 34 94, 40 61, 41 62, 42 63, 43 64, 44 65, 45 66",
    "pop": "15 22, 30 31, 45 46, 47 80, 52 57, 54 60, 56 59, 67 71, 87 90",
    "reggae": "3 54, 5 56, 8 57, 10 60, 13 58, 41 69, 73 74, 80 81 82, 75 91 92",
}
"""Numbers of recordings that repeat each other; the first of each group is kept.

Source: B. L. Sturm, "The GTZAN dataset: Its contents, its faults, ..." (arXiv 1306.1461).
"""

_FILE = re.compile(r"([a-z]+)\.(\d{5})\.(wav|au)")


def gtzan(folder: Path) -> ClipSet:
    """GTZAN without the corrupt file and without repetitions, which would be on both sides of a
    split; `left_out` says what is left out.

    Raises:
        ClaError: it is not in `folder`.
    """
    repeats = _repeats()
    clips, left_out = [], []
    for label, genre in enumerate(GENRES):
        for path in sorted((folder / genre).glob(f"{genre}.*")):
            named = _FILE.fullmatch(path.name)
            if not named or named[1] != genre:
                continue
            stem = f"{genre}.{named[2]}"
            if stem == CORRUPT:
                left_out.append(f"{stem}: the file is damaged")
            elif stem in repeats:
                left_out.append(f"{stem}: repeats {repeats[stem]}")
            else:
                clips.append(Clip(path, label))
    if not clips:
        raise GTZAN.missing(folder)
    return ClipSet("gtzan", GENRES, tuple(clips), tuple(left_out))


def _repeats() -> dict[str, str]:
    """What each repetition repeats."""
    found: dict[str, str] = {}
    for genre, groups in REPEATED.items():
        for group in groups.split(", "):
            first, *others = (f"{genre}.{int(number):05d}" for number in group.split())
            found |= dict.fromkeys(others, first)
    return found

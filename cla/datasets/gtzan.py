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
    "disco": (50, 51, 55, 60, 71, 98),
    "hiphop": (39, 76),
    "jazz": (*range(33, 41), *range(42, 47)),
    "metal": (4, 34, *range(40, 46)),
    "pop": (15, 30, 45, 47, 52, 54, 56, 67, 87),
    "reggae": (3, 5, 8, 10, 13, 41, 73, 75, 80, 81, 91),
}
"""Numbers of recordings that come again under a later number.

Source: the repetitions described in B. L. Sturm, "The GTZAN dataset: Its contents, its faults, ..."
(arXiv 1306.1461), as far as the fault-filtered split in torchaudio's `datasets/gtzan.py` leaves
them out too.
"""

_FILE = re.compile(r"([a-z]+)\.(\d{5})\.(wav|au)")


def gtzan(folder: Path) -> ClipSet:
    """GTZAN without the corrupt file and without repetitions, which would be on both sides of a
    split; `left_out` says what is left out.

    Raises:
        ClaError: it is not in `folder`.
    """
    clips, left_out = [], []
    for label, genre in enumerate(GENRES):
        for path in sorted((folder / genre).glob(f"{genre}.*")):
            named = _FILE.fullmatch(path.name)
            if not named or named[1] != genre:
                continue
            stem = f"{genre}.{named[2]}"
            if stem == CORRUPT:
                left_out.append(f"{stem}: the file is damaged")
            elif int(named[2]) in REPEATED.get(genre, ()):
                left_out.append(f"{stem}: comes again under a later number")
            else:
                clips.append(Clip(path, label))
    if not clips:
        raise GTZAN.missing(folder)
    return ClipSet("gtzan", GENRES, tuple(clips), tuple(left_out))

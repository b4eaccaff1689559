"""GTZAN: 1,000 pieces of music of 30 s, 10 genres."""

import re
from pathlib import Path

from cla.datasets.clips import Clip, ClipSet, Origin
from cla.torch_audio import torch_audio

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

_FILE = re.compile(r"([a-z]+)\.(\d{5})\.(wav|au)")


def gtzan(folder: Path) -> ClipSet:
    """GTZAN without the damaged file and without what its published filtered split leaves out.

    That is what is there twice, or would put one artist on both sides of a split; `left_out` says
    which recordings it concerns.

    Raises:
        ClaError: it is not in `folder`.
    """
    published = published_split()
    clips, left_out = [], []
    for label, genre in enumerate(GENRES):
        for path in sorted((folder / genre).glob(f"{genre}.*")):
            named = _FILE.fullmatch(path.name)
            if not named or named[1] != genre:
                continue
            stem = f"{genre}.{named[2]}"
            if stem == CORRUPT:
                left_out.append(f"{stem}: the file is damaged")
            elif stem not in published:
                left_out.append(f"{stem}: the published filtered split leaves it out")
            else:
                clips.append(Clip(path, label))
    if not clips:
        raise GTZAN.missing(folder)
    return ClipSet("gtzan", GENRES, tuple(clips), tuple(left_out))


def published_split() -> frozenset[str]:
    """The recordings, such as blues.00000, in the filtered split that is published.

    Source: C. Kereliuk, B. L. Sturm and J. Larsen, "Deep Learning and Music Adversaries"
    (arXiv 1507.04761), as torchaudio has it.
    """
    lists = torch_audio().datasets.gtzan
    return frozenset((*lists.filtered_train, *lists.filtered_valid, *lists.filtered_test))

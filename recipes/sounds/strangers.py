"""Sounds of none of the classes, which no training has heard: what is named there is wrong."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cla.datasets import SAMPLE_RATE_HZ, Package, fetch, load_audio
from recipes.sounds.streams import Samples

STAMPS = Package(
    "debian", "tuxpaint-stamps-default", "2022.06.04-1",
    "tuxpaint-stamps-default_2022.06.04-1_all.deb",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34", "GPL-2",
)  # fmt: skip
"""For tests alone: nothing of it is trained on."""
FOLDERS = ("animals", "household", "vehicles", "naturalforces")
OF_A_CLASS = frozenset({"dog", "rooster"})
LEVEL_DB = -20.0
_LONGEST_S, _SILENCE_S = 8.0, 1.0


def strange_sounds(downloads: Path) -> Iterator[tuple[str, Samples]]:
    """Names and samples of animals, tools and vehicles, each between silences.

    Raises:
        ClaError: the package cannot be fetched.
    """
    stamps = fetch(STAMPS, downloads) / "usr" / "share" / "tuxpaint" / "stamps"
    silence = np.zeros(round(_SILENCE_S * SAMPLE_RATE_HZ), np.float32)
    for path in sorted(one for folder in FOLDERS for one in (stamps / folder).rglob("*.ogg")):
        if "_desc" in path.stem or path.stem in OF_A_CLASS:
            continue  # a description is speech
        samples = load_audio(path)[: round(_LONGEST_S * SAMPLE_RATE_HZ)]
        level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
        loud = samples * np.float32(10 ** (LEVEL_DB / 20) / max(level, 1e-6))
        yield path.stem, np.concatenate((silence, loud.clip(-1, 1), silence))

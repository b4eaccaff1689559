"""Packages with speech, music and other sounds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import Package, fetch, find_audio, load_audio

CC_BY_SA = "CC-BY-SA-3.0"


def _asterisk(language: str, sha256: str, license: str = CC_BY_SA) -> Package:
    name = f"asterisk-core-sounds-{language}-g722"
    return Package("debian", name, "1.6.1-1", f"{name}_1.6.1-1_all.deb", sha256, license)


# The speaker of the English prompts spoke the Spanish ones too: both are for tests only.
ENGLISH = _asterisk("en", "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806")
SPANISH = _asterisk("es", "e4e3b4281057d3b81b779298fd6be705f57411513955c518eed1bcaabbd615b8")
ITALIAN = _asterisk("it", "46b4cf7afc508a5fcfc051b7ea233251c0d195dd4ef83cc4b7facb4c6429b016")
RUSSIAN = _asterisk(
    "ru", "673b4238a6b8269960f055d868c6a11083f7a0d00979167cb01554046b48ed9b", "CC-BY-3.0"
)
MUSIC = Package(
    "debian", "asterisk-moh-opsound-g722", "2.03-1.1",
    "asterisk-moh-opsound-g722_2.03-1.1_all.deb",
    "8d6b39d6f2e8feff54a042c4a25e1b72f3e2478d05ee372c92f77446fa0b1671", CC_BY_SA,
)  # fmt: skip
FRENCH = (
    _asterisk("fr", "7add61d5e42279ecff1bbdf842a5a946ac3644fac9a0fe44384731aa7270c8e0"),
    Package(
        "debian", "asterisk-prompt-fr-armelle", "20070613-2.2",
        "asterisk-prompt-fr-armelle_20070613-2.2_all.deb",
        "162570b1a9b3512a98f06b89f60c7c17cf1b9b52297315adca9a4e5be728bea3", "BSD-2-Clause",
    ),
)  # fmt: skip
FOREIGN = (*FRENCH, RUSSIAN)
"""Speech without English digits that is trained on."""
LOOPS = Package(
    "debian", "sonic-pi-samples", "3.2.2~repack-8", "sonic-pi-samples_3.2.2~repack-8_all.deb",
    "25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d", "CC0-1.0",
)  # fmt: skip


def recordings(package: Package, folder: Path) -> Iterator[tuple[Path, NDArray[np.float32]]]:
    """Path and samples of every sound file of a package, but for empty ones.

    Raises:
        ClaError: one cannot be read.
    """
    for path in find_audio(fetch(package, folder)):
        if path.stat().st_size:
            yield path, load_audio(path)

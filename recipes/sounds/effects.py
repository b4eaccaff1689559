"""Sounds of animals, tools, vehicles and weapons that are of none of the classes, to train on."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import soundfile

from cla.datasets import SAMPLE_RATE_HZ, Package, fetch, find_audio, load_audio
from cla.features import resampled
from recipes.sounds.streams import Samples

OPENSFX = Package(
    "debian", "openttd-opensfx", "1.0.3-2", "openttd-opensfx_1.0.3-2_all.deb",
    "2898b4677a3caccc4abc08fb4cf83319047b5a04729291deb5c77a8cd713c006",
    "CC-BY-3.0, CC-BY-SA-3.0, CC0-1.0",
)  # fmt: skip
"""By J. Lukss, Wuzzy, R. Wheeler and those whom its file names, sound by sound."""
WESNOTH = Package(
    "debian", "wesnoth-1.16-data", "1:1.16.9-1", "wesnoth-1.16-data_1%3a1.16.9-1_all.deb",
    "1012b964bd412a6770685e3324ae3b61e176caff7846192d1ee63d55cd621e26", "GPL-2",
)  # fmt: skip
EFFECTS = (OPENSFX, WESNOTH)

_OF_A_CLASS = re.compile(
    r"helicopter|chainsaw|wolf|hiss|fire|flame|torch|fuse|water|ship\.|morning|night|timer|wail|"
    r"Nothing",
    re.IGNORECASE,
)
"""What is, or may be taken for, a sound of a class."""
_SHORTEST_S, _LONGEST_S = 0.15, 6.0


class Effect(NamedTuple):
    """A sound and what it is called."""

    name: str
    samples: Samples


def effects(downloads: Path) -> Iterator[Effect]:
    """Sounds of both packages, without those of a class.

    Raises:
        ClaError: a package cannot be fetched.
    """
    sounds = next(fetch(OPENSFX, downloads).rglob("*.cat"))
    yield from _chosen(catalog(sounds.read_bytes()))
    folder = next(fetch(WESNOTH, downloads).rglob("data/core/sounds"))
    yield from _chosen(Effect(path.name, load_audio(path)) for path in find_audio(folder))


def catalog(content: bytes) -> Iterator[Effect]:
    """The sounds of a file of sample catalogs, named by their descriptions.

    Source: docs/sfx of OpenTTD: offset and length of each sample, little-endian, 32 bits each; at
    each offset, the length of its description, the description, and a WAVE file.
    """

    def word(at: int) -> int:
        return int.from_bytes(content[at : at + 4], "little")

    first = word(0) & 0x7FFF_FFFF
    for entry in range(0, first, 8):
        start = word(entry) & 0x7FFF_FFFF
        named = start + 1 + content[start]
        name = content[start + 1 : named].decode("latin-1").rstrip("\0")
        wave = content[named : named + word(entry + 4)]
        samples, rate_hz = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
        yield Effect(name, resampled(samples.mean(1), rate_hz, SAMPLE_RATE_HZ))


def _chosen(found: Iterator[Effect]) -> Iterator[Effect]:
    for one in found:
        long_enough = len(one.samples) >= _SHORTEST_S * SAMPLE_RATE_HZ
        if long_enough and one.samples.any() and not _OF_A_CLASS.search(one.name):
            yield Effect(one.name, one.samples[: round(_LONGEST_S * SAMPLE_RATE_HZ)])

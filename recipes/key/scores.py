"""Scores of music long out of copyright, as notes: from the corpus of music21."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.datasets import Package, fetch
from cla.training.recipe import Run, build_streams

MUSIC21 = Package(
    "python", "music21", "10.5.1", "music21-10.5.1-py3-none-any.whl",
    "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
    "music out of copyright; encodings by permission, see its corpus/license.txt",
)  # fmt: skip
COLLECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "quartets": ("haydn/*/*.mxl", "beethoven/*/*.mxl"),
        "composers": (
            "mozart/**/*.mxl", "schumann_robert/**/*.mxl", "joplin/*.mxl", "corelli/**/*.xml",
            "handel/**/*.mxl", "verdi/*.mxl", "schubert/*.xml", "cpebach/*.mxl",
        ),
        "airs": ("oneills1850/0[0-4]*.abc",),
        "tunes": ("ryansMammoth/[A-B]*.abc",),
        "chorales": ("bach/*.mxl",),
    }
)  # fmt: skip
"""Files by collection; none whose encoding says that its rights are reserved, or non-commercial."""
LONGEST_QUARTERS = 600.0
"""Of a movement: what comes after is left out."""
UNKNOWN, MAJOR, MINOR = 0, 1, 2
_MODES = {"major": MAJOR, "ionian": MAJOR, "minor": MINOR, "aeolian": MINOR, "dorian": MINOR}
"""Fiddlers call a tune in the dorian mode minor; other modes are of no key."""


class Score(NamedTuple):
    """A piece, or a movement.

    Shapes:
        notes: (K, 4) float32: onset and length in quarters, MIDI pitch, part
        written: (J, 3) float32: onset in quarters, sharps (flats are negative), mode of a signature
    """

    notes: NDArray[np.float32]
    written: NDArray[np.float32]

    @property
    def quarters(self) -> float:
        """Length."""
        return float((self.notes[:, 0] + self.notes[:, 1]).max())


def build_scores(run: Run) -> None:
    """Read the scores of all collections that have not been read.

    Raises:
        ClaError: the package cannot be fetched.
    """
    corpus = fetch(MUSIC21, run.downloads) / "music21" / "corpus"
    for name, patterns in COLLECTIONS.items():
        paths = [path for pattern in patterns for path in sorted(corpus.glob(pattern))]
        build_streams(run.streams(f"scores-{name}"), len(paths), partial(_of_number, paths))


def _of_number(paths: list[Path], number: int) -> list[Score]:
    return list(read_scores(paths[number]))


def read_scores(path: Path) -> Iterator[Score]:
    """The scores of a file whose notes can be read: of a tune book there are many."""
    from music21 import converter

    parsed = converter.parse(path, forceSource=True)
    modal = path.suffix == ".abc"  # short, and with modes; of other encodings those are defaults
    for piece in getattr(parsed, "scores", [parsed]):
        score = _score(piece, modal)
        if score is not None:
            yield score


def _score(piece: Any, modal: bool) -> Score | None:
    piece = _repeated(piece) if modal else piece
    notes: list[tuple[float, float, int, int]] = []
    written: dict[float, tuple[int, int]] = {}
    for number, part in enumerate(piece.parts):
        flat = part.flatten().stripTies()
        for one in flat.notes:
            onset, length = float(one.offset), float(one.duration.quarterLength)
            if length > 0 and onset < LONGEST_QUARTERS and "Symbol" not in type(one).__name__:
                notes += [(onset, length, pitch.midi, number) for pitch in one.pitches]
        for key in flat.getElementsByClass("KeySignature"):
            mode = _MODES.get(getattr(key, "mode", None) or "", UNKNOWN) if modal else UNKNOWN
            written.setdefault(float(key.offset), (key.sharps, mode))
    if len(notes) < 24 or not written or (modal and any(m == UNKNOWN for _, m in written.values())):
        return None
    ordered = sorted(notes)
    return Score(
        np.array(ordered, np.float32),
        np.array([(at, *what) for at, what in sorted(written.items())], np.float32),
    )


def _repeated(piece: Any) -> Any:
    """A piece with its repeats played, where they are written without a fault."""
    from music21.exceptions21 import Music21Exception

    try:
        return piece.expandRepeats()
    except Music21Exception:
        return piece

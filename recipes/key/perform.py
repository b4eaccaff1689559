"""How a piece is played: key, tempo, instruments, loudness, tuning, how much of it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cla.features import PITCH_HOP_S
from recipes.key.composed import BASS_PROGRAMS, CHORD_PROGRAMS, MELODY_PROGRAMS, Piece
from recipes.key.keys import LABELS, transposed
from recipes.key.render import Played, rendered

Samples = NDArray[np.float32]
SONGS = "songs"
PIECE_S = (25.0, 150.0)
REPEATS = 3
MIDDLE_SHARE = 0.35
"""Of long pieces, which begin somewhere in their middle."""
DETUNED_SHARE, DETUNED_CENTS = 0.5, 40.0
TEMPI: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "chorales": (50.0, 110.0),
        "tunes": (90.0, 200.0),
        "airs": (70.0, 160.0),
        "quartets": (60.0, 150.0),
        "composers": (60.0, 150.0),
        SONGS: (65.0, 170.0),
    }
)
"""Quarters a minute, by collection."""
_BLENDS = (
    (0,), (0,), (0,), (1,), (4,), (6,), (16,), (19,), (19,), (20,), (24,), (25,), (48,), (48,),
    (49,), (52,), (53,), (40, 40, 41, 42), (40, 40, 41, 42), (56, 60, 57, 58), (73, 68, 71, 70),
    (65, 65, 66, 67), (21,), (22,), (11,), (46,), (105,),
)  # fmt: skip
_ALONE = (40, 40, 73, 72, 75, 78, 21, 22, 0, 24, 25, 105, 46, 71, 68, 110, 56, 65, 53, 15)
_SILENT = 10 ** (-50 / 20)
"""Of the loudest sample, below which the end of a piece is cut off."""


def perform(
    piece: Piece,
    collection: str,
    font: Path,
    rng: np.random.Generator,
    length_s: tuple[float, float] = PIECE_S,
) -> tuple[Samples, NDArray[np.int64]]:
    """Samples at 16 kHz, and the key of each token of 0.1 s.

    Args:
        length_s: least and greatest length of what is played.

    Raises:
        ClaError: there is no fluidsynth.
    """
    quarters_per_minute = float(rng.uniform(*TEMPI[collection]))
    quarters = rng.uniform(*length_s) * quarters_per_minute / 60
    piece = _excerpt(piece, round(quarters), rng)
    up = int(rng.integers(-6, 6))
    notes = piece.notes.copy()
    pitched = notes[:, 3] != piece.drums
    notes[pitched, 2] = (notes[pitched, 2] + up).clip(0, 127)
    loud = rng.integers(55, 115, 16)[notes[:, 3].astype(int) % 16]
    velocities = (loud + rng.integers(-12, 13, len(notes))).clip(20, 127)
    cents = rng.uniform(-DETUNED_CENTS, DETUNED_CENTS) * (rng.random() < DETUNED_SHARE)
    played = Played(
        notes, velocities, _programs(piece, rng), quarters_per_minute, cents, piece.drums,
        reverb=bool(rng.random() < 0.4),
    )  # fmt: skip
    samples = _trimmed(rendered(played, font))
    moved = np.array([transposed(label, up) for label in range(len(LABELS))])
    tokens = int(len(samples) / (16_000 * PITCH_HOP_S))
    middle = (np.arange(tokens) + 0.5) * PITCH_HOP_S * quarters_per_minute / 60
    return samples, moved[piece.keys[middle.astype(int).clip(0, len(piece.keys) - 1)]]


def _excerpt(piece: Piece, quarters: int, rng: np.random.Generator) -> Piece:
    """So many quarters of a piece; a shorter one is repeated, at most `REPEATS` times in all."""
    length = len(piece.keys)
    if length >= quarters:
        begins_within = rng.random() < MIDDLE_SHARE
        start = int(rng.integers(length - quarters + 1)) if begins_within else 0
        onsets = piece.notes[:, 0]
        notes = piece.notes[(onsets >= start) & (onsets < start + quarters)].copy()
        notes[:, 0] -= start
        return piece._replace(notes=notes, keys=piece.keys[start : start + quarters])
    times = min(REPEATS, quarters // length)
    later = np.array([length, 0, 0, 0], np.float32)
    notes = np.concatenate([piece.notes + turn * later for turn in range(times)])
    return piece._replace(notes=notes, keys=np.tile(piece.keys, times))


def _programs(piece: Piece, rng: np.random.Generator) -> tuple[int, ...]:
    """Instruments of the parts."""
    if piece.drums >= 0:
        families = (CHORD_PROGRAMS, BASS_PROGRAMS, MELODY_PROGRAMS)
        return tuple(int(rng.choice(family)) for family in families)
    if (piece.notes[:, 3] == piece.notes[0, 3]).all():
        return (int(rng.choice(_ALONE)),)
    return _BLENDS[int(rng.integers(len(_BLENDS)))]


def _trimmed(samples: Samples) -> Samples:
    """Without the silence at the end."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT * max(1e-6, float(np.abs(samples).max())))
    return samples[: loud[-1] + 1] if len(loud) else samples[:0]

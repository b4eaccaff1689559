"""Songs made up by rule, whose keys are known: chords, bass, a melody and a beat."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipes.key.keys import label_of

BAR = 4
BARS = 32
CHORDS_PART, BASS_PART, MELODY_PART, DRUM_PART = range(4)
MODULATING_SHARE = 0.2
CHORD_PROGRAMS = (0, 1, 4, 5, 16, 18, 24, 25, 26, 27, 48, 49, 50, 88, 89)
BASS_PROGRAMS = (32, 33, 34, 35, 38, 43)
MELODY_PROGRAMS = (0, 11, 22, 24, 26, 29, 30, 40, 52, 53, 56, 60, 65, 66, 71, 73, 75, 80, 81)

_QUALITIES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "M7": (0, 4, 7, 11),
              "m7": (0, 3, 7, 10), "o": (0, 3, 6), "4": (0, 5, 7)}  # fmt: skip
_MAJOR = (
    "0 7 9m 5", "0 5 7 7", "0 9m 5 7", "0 7 5 7", "2m 7 0 0", "0 4m 5 7", "0 5 0 7", "0 10 5 0",
    "0 7 9m 4m 5 0 5 7", "0M7 9m7 2m7 7", "0 9 2 7", "0 0 0 0 5 5 0 0 7 5 0 0", "0 5m 0 7",
    "07 07 07 07 57 57 07 07 77 57 07 77", "0 7 0 7", "0 74 7 0", "0 4 9m 5", "0 2m 5 0",
)  # fmt: skip
_MINOR = (
    "0m 8 3 10", "0m 5m 7m 0m", "0m 5m 7 0m", "0m 10 8 7", "0m 8 5m 7", "0m 5m 10 3", "0m 7 0m 7",
    "2o 7 0m 0m", "0m 10 0m 7", "0m 3 10 5m", "0m7 5m7 0m7 77", "0m 10 8 10", "0m 0m 5m 7",
)  # fmt: skip
"""Chords of a bar each: semitones above the tonic, and quality."""
_MAJOR_SCALE, _MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_MAJOR_FIVE, _MINOR_FIVE = (0, 2, 4, 7, 9), (0, 3, 5, 7, 10)
_KICK, _SNARE, _HAT = 36, 38, 42


class Piece(NamedTuple):
    """Notes and keys.

    Args:
        drums: the part that is percussion; -1 if there is none.

    Shapes:
        notes: (K, 4): onset and length in quarters, MIDI pitch, part
        keys: (Q,), the label of each quarter
    """

    notes: NDArray[np.float32]
    keys: NDArray[np.int64]
    drums: int = -1


def composed(rng: np.random.Generator) -> Piece:
    """A song of 32 bars in C major or C minor, which may move to another key in its middle."""
    minor = bool(rng.random() < 0.5)
    verse, chorus = (_progression(minor, rng) for _ in range(2))
    moves = int(rng.choice((1, 2, 5, 7, 9))) if rng.random() < MODULATING_SHARE else 0
    pattern, figure = int(rng.integers(4)), rng.random(4) < 0.6
    drums = rng.random() < 0.65
    notes: list[tuple[float, float, int, int]] = []
    keys = np.empty(BARS * BAR, np.int64)
    degree = 7
    for bar in range(BARS):
        part = verse if bar % 16 < 8 or bar >= BARS - 1 else chorus
        up = moves if bar >= BARS // 2 else 0
        last = bar == BARS - 1
        root, quality = _chord("0m" if minor else "0") if last else part[bar % len(part)]
        keys[bar * BAR : (bar + 1) * BAR] = label_of(up, minor)
        notes += _accompaniment(bar * BAR, root + up, quality, pattern)
        if figure[1]:
            melody, degree = _melody(bar * BAR, (root, quality, up), minor, degree, rng)
            notes += melody
        if drums:
            notes += _beat(bar * BAR, rng)
    return Piece(np.array(sorted(notes), np.float32), keys, DRUM_PART)


def _progression(minor: bool, rng: np.random.Generator) -> list[tuple[int, str]]:
    return [_chord(one) for one in str(rng.choice(_MINOR if minor else _MAJOR)).split()]


def _chord(text: str) -> tuple[int, str]:
    """Root and quality of a chord as they are written above; roots of two digits are 10 and 11."""
    size = 2 if text[:2] in ("10", "11") else 1
    return int(text[:size]), text[size:]


def _accompaniment(
    start: float, root: int, quality: str, pattern: int
) -> list[tuple[float, float, int, int]]:
    chord = [48 + (root + step + 5) % 12 + 7 for step in _QUALITIES[quality]]
    bass = 36 + (root + 5) % 12 - 5
    if pattern == 0:  # held
        notes = [(start, 3.9, pitch, CHORDS_PART) for pitch in chord]
    elif pattern == 1:  # each beat
        notes = [(start + beat, 0.8, pitch, CHORDS_PART) for beat in range(4) for pitch in chord]
    elif pattern == 2:  # off the beat
        notes = [
            (start + beat + 0.5, 0.4, pitch, CHORDS_PART) for beat in range(4) for pitch in chord
        ]
    else:  # broken
        notes = [
            (
                start + step / 2,
                0.9,
                chord[(0, 1, 2, 1)[step % 4]] + 12 * (step % 8 > 3),
                CHORDS_PART,
            )
            for step in range(8)
        ]
    steps = ((0, bass), (2, bass + (7 if pattern % 2 else 0)))
    return notes + [(start + at, 1.8, pitch, BASS_PART) for at, pitch in steps]


def _melody(
    start: float,
    chord: tuple[int, str, int],
    minor: bool,
    degree: int,
    rng: np.random.Generator,
) -> tuple[list[tuple[float, float, int, int]], int]:
    """A bar of a walk along the scale that meets the chord on strong beats."""
    root, quality, up = chord
    scale = list(_MINOR_SCALE if minor else _MAJOR_SCALE)
    if rng.random() < 0.3:
        scale = list(_MINOR_FIVE if minor else _MAJOR_FIVE)
    if minor and (root, quality[:1]) in ((7, ""), (7, "7")):
        scale = [11 if one == 10 else one for one in scale]
    tones = {(root + step) % 12 for step in _QUALITIES[quality]}
    notes, at = [], 0.0
    while at < BAR:
        length = float(rng.choice((0.5, 0.5, 1.0, 1.0, 1.5, 2.0)))
        degree = int(np.clip(degree + rng.integers(-2, 3), 0, 2 * len(scale) - 1))
        pitch = scale[degree % len(scale)]
        if at % 2 == 0 and pitch not in tones:
            pitch = min(tones, key=lambda tone: abs(tone - pitch))
        if rng.random() < 0.85:
            height = 60 + 12 * (degree // len(scale)) + pitch + up
            notes.append((start + at, min(length, BAR - at) * 0.95, height, MELODY_PART))
        at += length
    return notes, degree


def _beat(start: float, rng: np.random.Generator) -> list[tuple[float, float, int, int]]:
    hits = [(0.0, _KICK), (2.0, _KICK), (1.0, _SNARE), (3.0, _SNARE)]
    hits += [(step / 2, _HAT) for step in range(8)]
    hits += [(2.5, _KICK)] if rng.random() < 0.5 else []
    return [(start + at, 0.2, hit, DRUM_PART) for at, hit in hits]

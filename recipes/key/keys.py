"""Which key a score is in, and where it moves to another: the most likely way through the keys."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from recipes.key.scores import MINOR, UNKNOWN, Score

MAJOR_TONICS = ("C", "G", "D", "A", "E", "B", "F♯", "D♭", "A♭", "E♭", "B♭", "F")
MINOR_TONICS = ("A", "E", "B", "F♯", "C♯", "G♯", "E♭", "B♭", "F", "C", "G", "D")
LABELS = (
    "none",
    *(f"{tonic} major" for tonic in MAJOR_TONICS),
    *(f"{tonic} minor" for tonic in MINOR_TONICS),
)
"""By fifths, each minor key at the place of the major one that has its signature."""
NONE = 0

CHANGE_COST = 5.0
"""In nats: how much likelier notes must be for another key to be one, not a passing chord."""
SIGNATURE_COST = 0.02
"""A quarter, for each sharp or flat that a key's signature differs from the one written."""
VOICES = 2.0
"""Notes that sound at once and count; more count as so many."""


def label_of(tonic: NDArray[np.int64] | int, minor: NDArray[np.bool_] | bool) -> NDArray[np.int64]:
    """The labels of keys, given by the pitch class of their tonic and their mode."""
    fifths = 7 * (np.asarray(tonic) + 3 * np.asarray(minor)) % 12
    return np.asarray(1 + 12 * np.asarray(minor) + fifths, np.int64)


def transposed(label: int, semitones: int) -> int:
    """The label of a key moved up by so many semitones."""
    if label == NONE:
        return NONE
    minor, place = divmod(label - 1, 12)
    return 1 + 12 * minor + (place + 7 * semitones) % 12


def keys_of(score: Score) -> NDArray[np.int64]:
    """The key of each quarter, as a label.

    Where a mode is written, as in tunes, what is written holds; else the keys most likely by the
    notes (`profiles`), near to the signature, that do not change often: a hidden Markov model.

    Source: Temperley, "The Cognition of Basic Musical Structures" (2001), chapter 7.

    Shapes:
        returns: (ceil(quarters),)
    """
    quarters = int(np.ceil(score.quarters))
    places = np.searchsorted(score.written[:, 0], np.arange(quarters), side="right") - 1
    written = score.written[places.clip(0), 1:].astype(np.int64)
    if (score.written[:, 2] != UNKNOWN).all():
        minor = written[:, 1] == MINOR
        return label_of(7 * written[:, 0] + 9 * minor, minor)
    distance = np.abs(written[:, :1] - _signatures())
    distance = np.minimum(distance, 12 - distance % 12)
    likely = _sounding(score, quarters) @ np.log(profiles()).T - SIGNATURE_COST * distance
    minor, tonic = np.divmod(_smoothest(likely), 12)
    return label_of(tonic, minor == 1)


@cache
def profiles() -> NDArray[np.float64]:
    """How often each pitch class is heard in each key, (24, 12): Temperley-Kostka-Payne's."""
    from music21.analysis.discrete import TemperleyKostkaPayne

    analysis = TemperleyKostkaPayne()
    rows = []
    for mode in ("major", "minor"):
        weights = np.array(analysis.getWeights(mode), np.float64)
        rows += [np.roll(weights / weights.sum(), tonic) for tonic in range(12)]
    return np.stack(rows)


def _signatures() -> NDArray[np.int64]:
    """Sharps of each key's signature, from -5 to 6."""
    major = (7 * np.arange(12) + 5) % 12 - 5
    return np.concatenate((major, np.roll(major, -3)))


def _sounding(score: Score, quarters: int) -> NDArray[np.float64]:
    """How long each pitch class sounds in each quarter, at most `VOICES` of them, (Q, 12)."""
    sounding = np.zeros((quarters, 12))
    for onset, length, pitch, _ in score.notes.tolist():
        for quarter in range(int(onset), min(quarters, int(np.ceil(onset + length)))):
            held = min(onset + length, quarter + 1) - max(onset, quarter)
            sounding[quarter, int(pitch) % 12] += held
    counted = np.minimum(1.0, VOICES / sounding.sum(1, keepdims=True).clip(1e-9))
    return np.asarray(sounding * counted)


def _smoothest(likely: NDArray[np.float64]) -> NDArray[np.int64]:
    """The states (T,) of most likelihood (T, S) less `CHANGE_COST` for each change: Viterbi."""
    best = likely[0]
    came_from = np.zeros(likely.shape, np.int64)
    for time in range(1, len(likely)):
        other = int(best.argmax())
        changed = best[other] - CHANGE_COST
        came_from[time] = np.where(best >= changed, np.arange(len(best)), other)
        best = np.maximum(best, changed) + likely[time]
    states = np.zeros(len(likely), np.int64)
    states[-1] = best.argmax()
    for time in range(len(likely) - 1, 0, -1):
        states[time - 1] = came_from[time, states[time]]
    return states

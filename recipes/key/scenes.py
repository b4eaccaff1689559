"""Streams of music: pieces in random keys, tempi and instruments, rooms and noise around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.features import PITCH_HOP_S, PITCH_HOP_SAMPLES, SAMPLE_RATE_HZ, embed_pitches
from recipes.audio import noise as noises
from recipes.audio.gliding import cries, glides
from recipes.digits.augment import AugmentConfig, distort
from recipes.key.composed import Piece, composed
from recipes.key.keys import NONE, keys_of
from recipes.key.perform import SONGS, perform
from recipes.key.scores import Score

Samples = NDArray[np.float32]
BEYOND = 6
"""Semitones kept below and above the bins of a token, so that tokens can be transposed exactly."""
STREAM_S = 480.0
ALONE_S = 120.0
GAP_SHARE = 0.6
"""Of the ends of pieces, after which it is silent; else the next one begins at once."""
GAP_S = (0.8, 5.0)
NOISE_SHARE = 0.25
"""Of the ends of pieces, after which something else than music is heard."""
NOISE_S = (4.0, 25.0)
RECORDED_SHARE = 0.7
"""Of those; the others are made."""
WAYS = AugmentConfig(
    room_share=0.6,
    equalizer_share=0.6,
    telephone_share=0.08,
    low_pass_share=0.15,
    clipping_share=0.04,
    level_db=(-32.0, 0.0),
    snr_db=(6.0, 45.0),
    reverberation_s=(0.1, 1.6),
    direct_share=(0.2, 0.95),
)
_OTHERS = (noises.colored, noises.hum, noises.clicks, glides, cries)


class KeyStream(NamedTuple):
    """Tokens with `BEYOND` semitones to both sides, their labels, and the collection they are of.

    Shapes:
        features: (T, 120 + 4 * BEYOND) float16
        labels: (T,) int64
        origin: (T,) int64, place in the names of the collections, -1 where no music is heard
    """

    features: NDArray[np.float16]
    labels: NDArray[np.int64]
    origin: NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """What streams are made of.

    Args:
        scores: by collection.
        shares: how often each collection is heard; `SONGS` are made up.
        sounds: that are no music.
        font: the sound font.
    """

    scores: Mapping[str, Sequence[Score]]
    shares: Mapping[str, float]
    sounds: Sequence[Samples]
    font: Path


def make_stream(material: Material, rng: np.random.Generator, length_s: float) -> KeyStream:
    """One stream, of pieces one after the other."""
    tokens = round(length_s / PITCH_HOP_S)
    samples = np.zeros(tokens * PITCH_HOP_SAMPLES, np.float32)
    labels, origin = np.full(tokens, NONE, np.int64), np.full(tokens, -1, np.int64)
    names = list(material.shares)
    likely = np.array([material.shares[name] for name in names])
    at = int(rng.integers(20))
    while at < tokens:
        name = str(rng.choice(names, p=likely / likely.sum()))
        heard, keys = perform(_piece(material, name, rng), name, material.font, rng)
        noise = None if rng.random() < 0.4 else _other(len(heard), material.sounds, rng)
        _place(samples, distort(heard, noise, WAYS, rng), at)
        keys = keys[: tokens - at]
        labels[at : at + len(keys)], origin[at : at + len(keys)] = keys, names.index(name)
        at += len(keys)
        drawn = rng.random()
        if drawn < NOISE_SHARE:
            length = round(rng.uniform(*NOISE_S) * SAMPLE_RATE_HZ)
            _place(samples, distort(_other(length, material.sounds, rng), None, WAYS, rng), at)
            at += length // PITCH_HOP_SAMPLES
        elif drawn < GAP_SHARE:
            at += round(rng.uniform(*GAP_S) / PITCH_HOP_S)
    floor = noises.colored(len(samples), rng) * 10 ** rng.uniform(-3.5, -1.0)
    heard_bins = embed_pitches((samples + floor).clip(-1, 1).astype(np.float32), BEYOND)
    return KeyStream(heard_bins.numpy().astype(np.float16), labels, origin)


def make_alone(score: Score, collection: str, font: Path, rng: np.random.Generator) -> KeyStream:
    """The beginning, or the middle, of one piece as it is played: no room, no noise."""
    piece = Piece(score.notes, keys_of(score))
    samples, keys = perform(piece, collection, font, rng, (ALONE_S, ALONE_S))
    bins = embed_pitches(samples[: len(keys) * PITCH_HOP_SAMPLES], BEYOND)
    return KeyStream(bins.numpy().astype(np.float16), keys, np.zeros(len(keys), np.int64))


def _piece(material: Material, name: str, rng: np.random.Generator) -> Piece:
    if name == SONGS:
        return composed(rng)
    scores = material.scores[name]
    score = scores[int(rng.integers(len(scores)))]
    return Piece(score.notes, keys_of(score))


def _place(samples: Samples, piece: Samples, token: int) -> None:
    """Add a piece where a token begins, as far as there is room."""
    part = samples[token * PITCH_HOP_SAMPLES :][: len(piece)]
    part += piece[: len(part)]


def _other(length: int, sounds: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Sound without a key: recorded, or made."""
    if rng.random() < RECORDED_SHARE:
        joined = [sounds[int(rng.integers(len(sounds)))] for _ in range(4)]
        return noises.tiled(np.concatenate(joined), length, rng).astype(np.float32)
    return _OTHERS[int(rng.integers(len(_OTHERS)))](length, rng)

"""Streams of sounds around a microphone: recordings with gaps between them, over noise."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.streams import Occurrence
from cla.features import SAMPLE_RATE_HZ
from recipes.audio import noise as noises
from recipes.audio.gliding import cries, glides

Samples = NDArray[np.float32]
NONE = 0
STREAM_S = 40.0
BACKGROUNDS = (noises.colored, noises.colored, noises.hum, noises.music)
"""Laid under a whole stream."""
OTHERS = (noises.music, noises.clicks, glides, cries, noises.colored)
"""Played as recordings are, and labeled none."""
RECORDED_SHARE = 0.7
"""Of those; the others are recordings of no class."""
OTHER_SHARE = 0.3
ONLY_OTHERS_SHARE = 0.15
"""Of the streams, in which nothing of a class is heard."""
GAP_S = (0.3, 4.0)
PIECE_S = (1.5, 5.0)
SHORT_S = (0.3, 1.0)
"""Of a single bark."""
LEVEL_DB = (-32.0, -12.0)
NOISE_DB = (-75.0, -38.0)
ALONE_SILENCE_S, ALONE_DB = 1.0, -20.0
SHORT_SILENCE_S = (1.5, 1.5)
"""Before and after a short sound that is heard alone."""

_FADE_SAMPLES = 320
_LOUD_FRAME = SAMPLE_RATE_HZ // 50
_QUIET_DB = 30.0
"""Below the loudest part, at which a recording counts as silent."""
_BRIDGED_S = 0.6
"""Silences up to this long, between two barks, belong to the sound."""


class Recording(NamedTuple):
    """Samples of one class; `label` counts from 1."""

    samples: Samples
    label: int


class SoundScene(NamedTuple):
    """A stream, and what is heard in it when."""

    samples: Samples
    heard: tuple[Occurrence, ...]


def make_scene(
    recordings: Sequence[Recording],
    others: Sequence[Sequence[Samples]],
    rng: np.random.Generator,
    short_share: float = 0.0,
) -> SoundScene:
    """One stream of `STREAM_S`.

    Args:
        others: recordings of no class by kind, such as speech; each kind is heard as often.
        short_share: of the recordings, of which a short piece is heard.
    """
    length = round(STREAM_S * SAMPLE_RATE_HZ)
    background = BACKGROUNDS[int(rng.integers(len(BACKGROUNDS)))](length, rng)
    mixed = background * _gain(background, rng.uniform(*NOISE_DB))
    heard: list[Occurrence] = []
    only_others = rng.random() < ONLY_OTHERS_SHARE
    start = round(rng.uniform(*GAP_S) * SAMPLE_RATE_HZ)
    while start < length:
        if only_others or rng.random() < OTHER_SHARE:
            piece, label = _other(others, rng), NONE
        else:
            recording = recordings[int(rng.integers(len(recordings)))]
            short = short_share > 0 and rng.random() < short_share
            piece = cut_piece(recording.samples, SHORT_S if short else PIECE_S, rng)
            label = recording.label
        piece = piece[: length - start]
        mixed[start : start + len(piece)] += piece * _gain(piece, rng.uniform(*LEVEL_DB))
        if label != NONE:
            heard += _heard(piece, label, start / SAMPLE_RATE_HZ)
        start += len(piece) + round(rng.uniform(*GAP_S) * SAMPLE_RATE_HZ)
    return SoundScene(np.clip(mixed, -1, 1).astype(np.float32), tuple(heard))


def cut_piece(samples: Samples, seconds: tuple[float, float], rng: np.random.Generator) -> Samples:
    """A part of a recording in which something is loud, faded in and out."""
    length = min(len(samples), round(rng.uniform(*seconds) * SAMPLE_RATE_HZ))
    loudest = int(np.abs(samples).argmax())
    first = max(0, loudest - length + _FADE_SAMPLES)
    last = max(first, min(loudest, len(samples) - length))
    begin = int(rng.integers(first, last + 1))
    piece = samples[begin : begin + length].copy()
    fade = np.linspace(0, 1, min(_FADE_SAMPLES, length), dtype=np.float32)
    piece[: len(fade)] *= fade
    piece[-len(fade) :] *= fade[::-1]
    return piece


def make_alone(recording: Recording) -> SoundScene:
    """A whole recording between two silences."""
    silence = np.zeros(round(ALONE_SILENCE_S * SAMPLE_RATE_HZ), np.float32)
    sound = recording.samples * _gain(recording.samples, ALONE_DB)
    samples = np.concatenate((silence, sound.clip(-1, 1), silence)).astype(np.float32)
    stretches = _heard(recording.samples, recording.label, ALONE_SILENCE_S)
    whole = Occurrence(recording.label, stretches[0].onset_s, stretches[-1].end_s)
    return SoundScene(samples, (whole,))


def make_short(recording: Recording, rng: np.random.Generator) -> SoundScene:
    """The loudest part of a recording, for `SHORT_S`, in a room that is nearly silent."""
    piece = cut_piece(recording.samples, SHORT_S, rng)
    before, after = (round(seconds * SAMPLE_RATE_HZ) for seconds in SHORT_SILENCE_S)
    mixed = np.zeros(before + len(piece) + after)
    background = noises.colored(len(mixed), rng)
    mixed += background * _gain(background, rng.uniform(*NOISE_DB))
    mixed[before : before + len(piece)] += piece * _gain(piece, rng.uniform(*LEVEL_DB))
    end_s = SHORT_SILENCE_S[0] + len(piece) / SAMPLE_RATE_HZ
    heard = (Occurrence(recording.label, SHORT_SILENCE_S[0], end_s),)
    return SoundScene(np.clip(mixed, -1, 1).astype(np.float32), heard)


def _other(others: Sequence[Sequence[Samples]], rng: np.random.Generator) -> Samples:
    if others and rng.random() < RECORDED_SHARE:
        kind = others[int(rng.integers(len(others)))]
        return cut_piece(kind[int(rng.integers(len(kind)))], PIECE_S, rng)
    length = round(rng.uniform(*PIECE_S) * SAMPLE_RATE_HZ)
    return OTHERS[int(rng.integers(len(OTHERS)))](length, rng).astype(np.float32)


def _gain(samples: Samples, level_db: float) -> float:
    """What brings the loudest second or so to a level, in dB of full scale."""
    power = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return float(10 ** (level_db / 20) / max(power, 1e-6))


def _heard(piece: Samples, label: int, start_s: float) -> list[Occurrence]:
    """The stretches of a piece that are not silent."""
    frames = len(piece) // _LOUD_FRAME
    if not frames or not piece.any():  # cut off by the stream's end before anything was heard
        return []
    cut = piece[: frames * _LOUD_FRAME].reshape(frames, _LOUD_FRAME).astype(np.float64)
    level = np.sqrt((cut**2).mean(1))
    loud = np.flatnonzero(level > level.max() * 10 ** (-_QUIET_DB / 20))
    frame_s = _LOUD_FRAME / SAMPLE_RATE_HZ
    breaks = np.flatnonzero(np.diff(loud) * frame_s > _BRIDGED_S)
    begins = loud[np.r_[0, breaks + 1]]
    ends = loud[np.r_[breaks, len(loud) - 1]] + 1
    return [
        Occurrence(label, start_s + begin * frame_s, start_s + end * frame_s)
        for begin, end in zip(begins, ends, strict=True)
    ]

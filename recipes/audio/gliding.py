"""Sounds whose pitch moves, which speech models take for words: sirens, chirps, cries, grunts."""

import numpy as np
from numpy.typing import NDArray

from cla.features import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]
LEVEL = 0.1
NYQUIST_HZ = SAMPLE_RATE_HZ / 2


def glides(length: int, rng: np.random.Generator) -> Samples:
    """Sirens, chirps and whistles: a tone that glides or leaps, without end or in pulses."""
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    rate_hz, depth = rng.uniform(0.2, 12), rng.uniform(0.1, 1.5)
    turns = rate_hz * time_s + rng.random()
    shape = rng.choice(("sine", "saw", "walk", "leaps"))
    if shape == "sine":
        octaves = depth * np.sin(2 * np.pi * turns)
    elif shape == "saw":
        octaves = depth * rng.choice((-1, 1)) * (2 * (turns % 1) - 1)
    else:
        walk = _walk(int(turns[-1]) + 2, rng)
        leaps = walk[turns.astype(int)]
        octaves = leaps if shape == "leaps" else np.interp(turns, np.arange(len(walk)), walk)
    pitch_hz = rng.uniform(320, 1_250) * 2**octaves
    wave = _harmonic(pitch_hz, int(rng.integers(1, 5)), rng.uniform(0.5, 2))
    if rng.random() < 0.75:
        wave *= _pulses(time_s, rng)
    return _leveled(wave)


def _walk(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Octaves from -2 to 2 that turn back at both ends, each well away from the one before."""
    octaves = [rng.uniform(-1.5, 1.5)]
    for step in rng.choice((-1, 1), length) * rng.uniform(0.2, 0.6, length):
        within = abs(octaves[-1] + step) <= 2
        octaves.append(octaves[-1] + (step if within else -step))
    return np.asarray(octaves)


def cries(length: int, rng: np.random.Generator) -> Samples:
    """Cries, grunts and barks: buzzes of moving pitch through the resonances of a throat."""
    out = np.zeros(length)
    longest_gap_s = rng.uniform(0.15, 2.0)
    start = 0
    while start < length:
        cry = _cry(rng)[: length - start]
        out[start : start + len(cry)] += 10 ** rng.uniform(-0.7, 0) * cry
        start += len(cry) + round(rng.uniform(0.05, longest_gap_s) * SAMPLE_RATE_HZ)
    return _leveled(out)


def _cry(rng: np.random.Generator) -> NDArray[np.float64]:
    """One buzz with breath, resonances that move with the voice's size, and a contour of level."""
    length = int(rng.uniform(0.1, 0.9) * SAMPLE_RATE_HZ)
    place = np.linspace(0, 1, length)
    bends = np.exp(rng.normal(np.log(rng.uniform(70, 600)), 0.35, 4))
    pitch_hz = np.interp(place, np.linspace(0, 1, 4), bends)
    buzz = _harmonic(pitch_hz, int(rng.integers(8, 30)), rng.uniform(0.5, 1.5))
    noisy = buzz / np.std(buzz) + rng.uniform(0, 1) * rng.standard_normal(length)
    frequency_hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    size = rng.uniform(0.8, 1.5)
    centers_hz = size * np.array((rng.uniform(250, 950), rng.uniform(900, 2_400), 2_900.0))
    peaks = [
        1 / (1 + ((frequency_hz - center) / rng.uniform(60, 250)) ** 2) for center in centers_hz
    ]
    voiced = np.fft.irfft(np.fft.rfft(noisy) * (0.02 + np.sum(peaks, axis=0)), length)
    attack = rng.uniform(0.02, 0.5)
    contour = np.interp(place, (0, attack, 1), (0, 1, 0)) ** rng.uniform(0.3, 2)
    return np.asarray(voiced * contour)


def _harmonic(pitch_hz: NDArray[np.float64], harmonics: int, slope: float) -> NDArray[np.float64]:
    """A tone of some harmonics that follows a pitch; what lies beyond the band is left out."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    partials = [
        np.where(k * pitch_hz < NYQUIST_HZ, np.sin(k * phase), 0) / k**slope
        for k in range(1, harmonics + 1)
    ]
    return np.asarray(np.sum(partials, axis=0))


def _pulses(time_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """On and off a few times a second, with soft or hard edges; on at first."""
    swing = np.cos(2 * np.pi * rng.uniform(0.3, 5) * time_s)
    return np.asarray(np.clip((swing + rng.uniform(-0.3, 0.8)) * 10 ** rng.uniform(0, 2), 0, 1))


def _leveled(wave: NDArray[np.float64]) -> Samples:
    return np.asarray(wave / max(1e-9, float(np.std(wave))) * LEVEL, np.float32)

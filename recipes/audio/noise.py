"""Noises to lay under speech, and to be silent about: hum, clicks, calls, babble, music."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cla.features import SAMPLE_RATE_HZ, resampled

Samples = NDArray[np.float32]
SEMITONE = 2 ** (1 / 12)
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 10), (0, 3, 7, 10), (0, 7))


def stretched(samples: Samples, factor: float) -> Samples:
    """Play at `factor` times the speed; pitch and vocal-tract resonances move with it."""
    return resampled(samples, 100, round(100 / factor))


def colored(length: int, rng: np.random.Generator) -> Samples:
    """Noise whose power falls by 0 to 9 dB an octave, slowly swelling."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency_hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    spectrum *= np.maximum(frequency_hz, 30.0) ** -rng.uniform(0.0, 1.5)
    noise = np.fft.irfft(spectrum, length)
    swell = np.interp(np.arange(length), np.linspace(0, length, 8), rng.uniform(0.3, 1, 8))
    return _normal(noise * swell)


def hum(length: int, rng: np.random.Generator) -> Samples:
    """Mains or fan hum: harmonics of a low tone."""
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    base_hz = rng.choice((50.0, 60.0, rng.uniform(80, 300)))
    tones = [
        rng.uniform(0, 1) / k * np.sin(2 * np.pi * k * base_hz * time_s + rng.uniform(0, 6))
        for k in range(1, 12)
    ]
    return _normal(np.sum(tones, axis=0))


def clicks(length: int, rng: np.random.Generator) -> Samples:
    """Keyboard, clock and knock sounds: short decaying bursts, regular or not."""
    noise = np.zeros(length)
    period = round(rng.uniform(0.1, 1.2) * SAMPLE_RATE_HZ)
    jitter = rng.uniform(0, 0.8)
    start = 0
    while start < length:
        burst = min(length - start, round(rng.uniform(0.005, 0.15) * SAMPLE_RATE_HZ))
        decay = np.exp(-np.linspace(0, 6, burst))
        ring = np.sin(2 * np.pi * rng.uniform(150, 4_000) * np.arange(burst) / SAMPLE_RATE_HZ)
        mix = rng.random()
        shape = mix * ring + (1 - mix) * rng.standard_normal(burst)
        noise[start : start + burst] += decay * shape
        start += max(200, round(period * (1 + jitter * rng.uniform(-1, 1))))
    return _normal(noise)


def music(length: int, rng: np.random.Generator) -> Samples:
    """Chords, a melody and a beat from plain oscillators, at a steady random tempo."""
    out = np.zeros(length)
    beat = round(60 / rng.uniform(70, 160) * SAMPLE_RATE_HZ)
    root_hz = 110 * SEMITONE ** rng.integers(0, 24)
    harmonics = int(rng.integers(1, 10))
    slope = rng.uniform(0.5, 2)
    drum_level, melody_level = rng.uniform(0, 1.5), rng.uniform(0, 1.5)
    for number, start in enumerate(range(0, length, beat)):
        stop = min(length, start + beat)
        if number % 4 == 0:
            chord = CHORDS[int(rng.integers(len(CHORDS)))]
            chord_root = root_hz * SEMITONE ** rng.integers(-5, 7)
        notes = [(chord_root * SEMITONE**step, 0.5) for step in chord]
        notes.append((chord_root * 2 * SEMITONE ** rng.integers(0, 12), melody_level))
        for note_hz, level in notes:
            out[start:stop] += level * _tone(stop - start, float(note_hz), harmonics, slope, rng)
        hit = np.exp(-np.linspace(0, rng.uniform(8, 40), stop - start))
        out[start:stop] += drum_level * hit * rng.standard_normal(stop - start)
    return _normal(out)


def babble(length: int, voices: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Several recordings of speech at once, each repeated from a random point."""
    total = np.zeros(length)
    for _ in range(int(rng.integers(3, 7))):
        total += rng.uniform(0.3, 1) * tiled(voices[int(rng.integers(len(voices)))], length, rng)
    return _normal(total)


def voice(length: int, voices: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """One or two who speak in the background, sentence after sentence, forwards or backwards.

    Each has a size and a tempo of its own, so that a few recorded voices are many.
    """
    total = np.zeros(length)
    for _ in range(int(rng.integers(1, 3))):
        factor, backwards = float(rng.uniform(0.75, 1.35)), rng.random() < 0.3
        start = 0
        while start < length:
            said = voices[int(rng.integers(len(voices)))]
            said = said[int(rng.integers(len(said) // 4 + 1)) :][:: -1 if backwards else 1]
            said = stretched(said.copy(), factor)[: length - start]
            total[start : start + len(said)] += said / max(1e-9, float(np.std(said)))
            start += len(said) + round(rng.uniform(0.0, 0.6) * SAMPLE_RATE_HZ)
    return _normal(total)


def vocal_burst(speech: Samples, rng: np.random.Generator) -> Samples:
    """A sneeze, bark or cry: noise or a gliding tone, colored as a moment of speech is."""
    length = int(rng.uniform(0.1, 0.7) * SAMPLE_RATE_HZ)
    moment = tiled(speech, 2_048, rng) * np.hanning(2_048)
    color = np.convolve(np.abs(np.fft.rfft(moment)), np.ones(25) / 25, mode="same")
    excitation = rng.standard_normal(length)
    if rng.random() < 0.5:
        pitch_hz = np.linspace(rng.uniform(90, 900), rng.uniform(90, 900), length)
        phase = np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
        excitation = excitation * rng.uniform(0, 0.2) + (phase % 1.0 - 0.5)
    frequency = np.linspace(0, 1, length // 2 + 1)
    gains = np.interp(frequency, np.linspace(0, 1, len(color)), color)
    burst = np.fft.irfft(np.fft.rfft(excitation) * gains, length)
    attack = round(rng.uniform(0.02, 0.5) * length)
    envelope = np.concatenate((np.linspace(0, 1, attack), np.linspace(1, 0, length - attack)))
    return _normal(burst * envelope ** rng.uniform(0.5, 3))


def calls(length: int, voices: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Vocal bursts that are no words: one repeated, as animals and babies do, or many."""
    out = np.zeros(length)
    alike = vocal_burst(voices[int(rng.integers(len(voices)))], rng)
    repeats = rng.random()
    longest_gap = rng.uniform(0.2, 2.5)
    start = 0
    while start < length:
        voice = voices[int(rng.integers(len(voices)))]
        burst = alike if rng.random() < repeats else vocal_burst(voice, rng)
        burst = burst[: length - start]
        out[start : start + len(burst)] += 10 ** rng.uniform(-0.7, 0) * burst
        start += len(burst) + round(rng.uniform(0.03, longest_gap) * SAMPLE_RATE_HZ)
    return _normal(out)


def tiled(samples: Samples, length: int, rng: np.random.Generator) -> Samples:
    """`length` samples of an endless repetition, from a random point on."""
    start = int(rng.integers(len(samples)))
    return np.resize(np.roll(samples, -start), length)


def _tone(
    length: int, note_hz: float, harmonics: int, slope: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    vibrato = 0.003 * np.sin(2 * np.pi * rng.uniform(3, 7) * time_s)
    phase = 2 * np.pi * note_hz * (time_s + vibrato / 10)
    orders = [k for k in range(1, harmonics + 1) if k * note_hz < SAMPLE_RATE_HZ / 2]
    wave = np.sum([np.sin(k * phase) / k**slope for k in orders or [1]], axis=0)
    attack = np.minimum(1.0, np.arange(length) / (rng.uniform(0.005, 0.08) * SAMPLE_RATE_HZ))
    return np.asarray(wave * attack * np.exp(-rng.uniform(0, 4) * time_s))


def _normal(noise: NDArray[np.floating]) -> Samples:
    return np.asarray(noise / max(1e-9, float(np.std(noise))) * 0.1, np.float32)

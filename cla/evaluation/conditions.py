"""Conditions to judge speech under: noise, a room, a level, a telephone's band."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cla.datasets import find_audio, load_audio
from cla.errors import ClaError
from cla.evaluation.audio_streams import AudioStream
from cla.features import SAMPLE_RATE_HZ, resampled

Samples = NDArray[np.float32]
PEAK_DB = -6.0
NARROW_HZ = 8_000
FIRST_ECHO_S = 0.0025


@dataclass(frozen=True)
class Condition:
    """What changes speech on its way to the recognizer; clean speech without arguments.

    Args:
        noise: a sound to lay under the words, and what to call it.
        snr_db: mean power of the words over that of the noise.
        direct_db: power of the direct sound over that of a room's tail.
        decay_s: time in which the tail falls by 60 dB.
        narrow: recorded at 8 kHz.
        peak_db: the loudest sample, of full scale.
    """

    noise: Samples | None = None
    noise_name: str = "noise"
    snr_db: float = 10.0
    direct_db: float | None = None
    decay_s: float = 0.5
    narrow: bool = False
    peak_db: float = PEAK_DB

    def __str__(self) -> str:
        parts = []
        if self.direct_db is not None:
            parts.append(f"room of {self.decay_s:g} s, direct sound {self.direct_db:+g} dB")
        if self.noise is not None:
            parts.append(f"{self.noise_name} at {self.snr_db:g} dB")
        if self.narrow:
            parts.append("8 kHz")
        if self.peak_db != PEAK_DB:
            parts.append(f"peak at {self.peak_db:g} dB")
        return ", ".join(parts) or "clean"

    def apply(self, stream: AudioStream, seed: int = 0) -> AudioStream:
        """The same words under this condition, the same for the same seed."""
        rng = np.random.default_rng(seed)
        samples = stream.samples
        if self.direct_db is not None:
            samples = in_room(samples, self.direct_db, self.decay_s, rng)
        if self.noise is not None:
            start = int(rng.integers(len(self.noise)))
            noise = np.resize(np.roll(self.noise, -start), len(samples))
            ratio = _power_of_words(stream) / max(1e-12, float(np.square(noise).mean()))
            samples = samples + noise * np.float32(np.sqrt(ratio * 10 ** (-self.snr_db / 10)))
        if self.narrow:
            narrow = resampled(leveled(samples, PEAK_DB), SAMPLE_RATE_HZ, NARROW_HZ)
            samples = resampled(narrow, NARROW_HZ, SAMPLE_RATE_HZ)
        return AudioStream(leveled(samples, self.peak_db), stream.words)


def in_room(
    samples: Samples, direct_db: float, decay_s: float, rng: np.random.Generator
) -> Samples:
    """Add a tail of decaying noise, `direct_db` below the direct sound."""
    time_s = np.arange(round(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / decay_s)
    tail[: round(FIRST_ECHO_S * SAMPLE_RATE_HZ)] = 0.0
    tail *= 10 ** (-direct_db / 20) / np.linalg.norm(tail)
    tail[0] = 1.0
    length = len(samples) + len(tail)
    spectrum = np.fft.rfft(samples, length) * np.fft.rfft(tail, length)
    return np.fft.irfft(spectrum, length)[: len(samples)].astype(np.float32)


def leveled(samples: Samples, peak_db: float) -> Samples:
    """Scale so that the peak lies at `peak_db` of full scale."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(10 ** (peak_db / 20) / max(peak, 1e-6))


def load_noise(path: Path) -> Samples:
    """A sound file, or all of a folder one after the other.

    Raises:
        ClaError: there is no sound file, or it cannot be read.
    """
    paths = list(find_audio(path)) if path.is_dir() else [path]
    if not paths:
        raise ClaError("noise_file_missing", path=path)
    sounds = [load_audio(one) for one in paths]
    return np.concatenate([sound / max(1e-6, float(np.std(sound))) for sound in sounds])


def _power_of_words(stream: AudioStream) -> float:
    spoken = [
        stream.samples[round(word.onset_s * SAMPLE_RATE_HZ) : round(word.end_s * SAMPLE_RATE_HZ)]
        for word in stream.words
    ]
    return float(np.square(np.concatenate(spoken)).mean()) if spoken else 0.0

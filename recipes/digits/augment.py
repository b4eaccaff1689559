"""What happens to speech between a mouth and a file: room, microphone, telephone, level."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.conditions import leveled
from cla.features import SAMPLE_RATE_HZ, resampled

Samples = NDArray[np.float32]
TELEPHONE_HZ = 8_000
MU = 255.0


@dataclass(frozen=True)
class AugmentConfig:
    """How often and how strongly a stream is changed.

    Args:
        direct_share: power of the direct sound in a room, of all that is heard.
        resample: speeds at which a clip is played, pitch and resonances moving along.
        tempo: speeds at which it is said, pitch and resonances as they are.
        cut_share: how often the beginning of a clip is cut off.
        lines: codings of telephone lines, names of `LINES`, each as often as the others.
        line_db: peak that speech has on a telephone line.
    """

    room_share: float = 0.55
    equalizer_share: float = 0.6
    telephone_share: float = 0.35
    low_pass_share: float = 0.35
    clipping_share: float = 0.06
    level_db: tuple[float, float] = (-30.0, 0.0)
    snr_db: tuple[float, float] = (3.0, 35.0)
    reverberation_s: tuple[float, float] = (0.08, 0.7)
    direct_share: tuple[float, float] = (0.4, 0.95)
    resample: tuple[float, float] = (0.82, 1.22)
    tempo: tuple[float, float] | None = None
    cut_share: float = 0.0
    lines: tuple[str, ...] = ("mu-law",)
    line_db: tuple[float, float] = (-12.0, 0.0)


def retimed(samples: Samples, factor: float) -> Samples:
    """Say it at `factor` times the speed with the same pitch: overlapped pieces, each where it
    fits what is there best.

    Source: Verhelst and Roelands, "An overlap-add technique based on waveform similarity", 1993.
    """
    half, reach = SAMPLE_RATE_HZ // 80, SAMPLE_RATE_HZ // 200
    length = round(len(samples) / factor)
    padded = np.pad(samples, (reach, 3 * half + 2 * reach))
    fade = np.hanning(2 * half + 1)[: 2 * half].astype(np.float32)
    out = np.zeros(length + 3 * half, np.float32)
    out[:half] = samples[:half] if len(samples) >= half else 0
    out[:half] *= 1 - fade[:half]
    expected = padded[reach : reach + 2 * half]
    for place in range(0, length, half):
        around = padded[min(round(place * factor), len(samples)) :][: 2 * half + 2 * reach]
        power = np.convolve(np.square(around), np.ones(2 * half), "valid")
        fits = np.correlate(around, expected, "valid") / np.sqrt(power + 1e-6)
        best = int(fits.argmax()) if place else reach
        start = min(round(place * factor), len(samples)) + best
        out[place : place + 2 * half] += fade * padded[start : start + 2 * half]
        expected = padded[start + half : start + 3 * half]
        expected = np.pad(expected, (0, 2 * half - len(expected)))
    return out[:length]


def room(samples: Samples, decay_s: float, direct: float, rng: np.random.Generator) -> Samples:
    """Add a tail of decaying noise after the direct sound, which keeps its place."""
    from scipy.signal import fftconvolve

    length = round(decay_s * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(length) * 10 ** (-3 * time_s / decay_s)
    tail *= rng.random(length) < np.minimum(1.0, 0.01 + time_s / 0.03)  # sparse early echoes
    tail[: round(0.002 * SAMPLE_RATE_HZ)] = 0.0
    tail *= np.sqrt(1.0 - direct) / max(1e-9, float(np.linalg.norm(tail)))
    tail[0] = np.sqrt(direct)
    reverberant: Samples = fftconvolve(samples, tail)[: len(samples)].astype(np.float32)
    return reverberant


def equalize(samples: Samples, rng: np.random.Generator) -> Samples:
    """Color with a smooth random response of up to about 12 dB, as microphones do."""
    from scipy.signal import fftconvolve, firwin2

    anchors_hz = np.array([0, 80, 200, 500, 1_000, 2_000, 3_500, 5_500, SAMPLE_RATE_HZ / 2])
    gains_db = rng.normal(0.0, 4.0, len(anchors_hz)).clip(-12, 12)
    gains_db += rng.uniform(-6, 6) * np.linspace(-1, 1, len(anchors_hz))
    taps = firwin2(255, anchors_hz, 10 ** (gains_db / 20), fs=SAMPLE_RATE_HZ)
    return np.asarray(fftconvolve(samples, taps, mode="same"), np.float32)


def low_pass(samples: Samples, cutoff_hz: float) -> Samples:
    """Remove what lies above `cutoff_hz`."""
    from scipy.signal import butter, sosfilt

    sections = butter(8, cutoff_hz, fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, samples), np.float32)


def telephone(samples: Samples, line: str = "mu-law") -> Samples:
    """A telephone line, one of `LINES`: 300 to 3,400 Hz, 8 kHz, coded, and back to 16 kHz."""
    from scipy.signal import butter, sosfiltfilt

    band = samples
    if line != "band":
        sections = butter(4, (300, 3_400), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
        band = sosfiltfilt(sections, samples)
    coded = LINES[line](resampled(band, SAMPLE_RATE_HZ, TELEPHONE_HZ))
    return resampled(coded, TELEPHONE_HZ, SAMPLE_RATE_HZ)


def mu_law(samples: NDArray[np.floating]) -> Samples:
    """Round to the 256 levels of mu-law companding (ITU-T G.711)."""
    clipped = np.clip(samples, -1.0, 1.0)
    companded = np.sign(clipped) * np.log1p(MU * np.abs(clipped)) / np.log1p(MU)
    rounded = np.round(companded * 127.5) / 127.5
    return np.asarray(np.sign(rounded) * np.expm1(np.abs(rounded) * np.log1p(MU)) / MU, np.float32)


def as_gsm(samples: NDArray[np.floating]) -> Samples:
    """Through the full-rate codec of GSM 06.10 at 8 kHz, as mobile telephones do."""
    import soundfile

    file = io.BytesIO()
    clipped = np.clip(samples, -1.0, 1.0)
    soundfile.write(file, clipped, TELEPHONE_HZ, format="WAV", subtype="GSM610")
    file.seek(0)
    coded, _ = soundfile.read(file, dtype="float32")
    return np.asarray(coded[: len(samples)], np.float32)


def mixed(speech: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise at a ratio to the level of loud speech; silence gets noise at -30 dB."""
    speech_power = float(np.quantile(np.square(speech), 0.95))
    noise_power = float(np.square(noise).mean())
    if speech_power < 1e-8:
        speech_power = 1e-3
    gain = np.sqrt(speech_power / max(noise_power, 1e-12) * 10 ** (-snr_db / 10))
    return (speech + np.float32(gain) * noise).astype(np.float32)


def distort(
    speech: Samples, noise: Samples | None, config: AugmentConfig, rng: np.random.Generator
) -> Samples:
    """One random way from a mouth to a file: room, noise, microphone, line, level."""
    samples = speech
    if rng.random() < config.room_share:
        decay_s = float(rng.uniform(*config.reverberation_s))
        samples = room(samples, decay_s, float(rng.uniform(*config.direct_share)), rng)
    if noise is not None:
        samples = mixed(samples, noise, float(rng.uniform(*config.snr_db)))
    if rng.random() < config.equalizer_share:
        samples = equalize(samples, rng)
    peak_db = float(rng.uniform(*config.level_db))
    if rng.random() < config.clipping_share:
        samples = np.clip(leveled(samples, float(rng.uniform(2, 10))), -1.0, 1.0)
    if rng.random() < config.telephone_share:
        samples = leveled(samples, float(rng.uniform(*config.line_db)))
        samples = telephone(samples, _line(config, rng))
    elif rng.random() < config.low_pass_share:
        samples = low_pass(samples, float(rng.choice((3_400, 3_800, 3_900, 5_500, 7_000))))
    return np.clip(leveled(samples, peak_db), -1.0, 1.0).astype(np.float32)


LINES: Mapping[str, Callable[[NDArray[np.floating]], Samples]] = {
    "mu-law": mu_law,
    "gsm": as_gsm,
    "band": lambda samples: np.asarray(samples, np.float32),
}
"""How telephone lines code what they carry; `band` is a recording at 8 kHz, bass and all."""


def _line(config: AugmentConfig, rng: np.random.Generator) -> str:
    """One of the lines; a single one takes no draw, so that earlier streams stay as they were."""
    return config.lines[0] if len(config.lines) == 1 else str(rng.choice(config.lines))

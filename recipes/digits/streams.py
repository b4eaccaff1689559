"""Streams of speech with gaps, as someone at a microphone would make, and others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.audio_streams import Clip
from cla.evaluation.streams import Occurrence
from cla.features import SAMPLE_RATE_HZ
from recipes.audio import noise as noises
from recipes.audio.gliding import cries, glides
from recipes.audio.noise import stretched
from recipes.digits.augment import distort, retimed
from recipes.digits.kinds import StreamConfig
from recipes.digits.vocabulary import NONE

Samples = NDArray[np.float32]
MAKERS = {
    "colored": noises.colored,
    "hum": noises.hum,
    "clicks": noises.clicks,
    "music": noises.music,
    "glides": glides,
    "cries": cries,
}


@dataclass(frozen=True)
class Material:
    """What streams are made of: digits by voice, words and sentences that are none, sounds.

    Args:
        recorded: sounds of the world, which lie under speech or stand alone.
    """

    digits: tuple[tuple[Clip, ...], ...]
    others: tuple[Clip, ...]
    foreign: tuple[Clip, ...]
    loops: tuple[Samples, ...]
    recorded: tuple[Samples, ...] = ()

    @staticmethod
    def of(clips: Sequence[Clip], foreign: Sequence[Clip], loops: Sequence[Samples]) -> "Material":
        """Group the clips of a bank by voice."""
        by_voice: dict[str, list[Clip]] = {}
        for clip in clips:
            if clip.label != NONE:
                by_voice.setdefault(clip.voice, []).append(clip)
        others = tuple(clip for clip in clips if clip.label == NONE)
        return Material(tuple(map(tuple, by_voice.values())), others, tuple(foreign), tuple(loops))


def make_stream(
    material: Material, config: StreamConfig, rng: np.random.Generator
) -> tuple[Samples, list[Occurrence]]:
    """One distorted stream and the words in it, in the order in which they are said."""
    length = round(config.duration_s * SAMPLE_RATE_HZ)
    draw = rng.random()
    if draw < config.only_noise_share:
        return distort(_sound(material, length, config, rng), None, config.augment, rng), []
    if draw < config.only_noise_share + config.only_other_share:
        config = replace(
            config,
            digit_share=0.0,
            foreign_share=float(rng.choice((0.1, 0.9))),
            oddity_share=float(rng.choice((0.1, 0.7))),
        )
    if rng.random() < config.pasted_share:
        return _speak(material, config, length, rng, pasted=True)
    speech, words = _speak(material, config, length, rng)
    noise = _noise(material, length, config, rng) if rng.random() < config.noise_share else None
    return distort(speech, noise, config.augment, rng), words


def _speak(
    material: Material,
    config: StreamConfig,
    length: int,
    rng: np.random.Generator,
    *,
    pasted: bool = False,
) -> tuple[Samples, list[Occurrence]]:
    """Words with gaps; `pasted` ones were recorded apart and cut out, with silence between."""
    speech = np.zeros(length, np.float32)
    words: list[Occurrence] = []
    speakers = [
        material.digits[index]
        for index in rng.choice(len(material.digits), min(2, len(material.digits)), replace=False)
    ]
    position = round(rng.uniform(0.2, 1.5) * SAMPLE_RATE_HZ)
    run = 0
    while True:
        run = (
            run - 1 if run else (int(rng.integers(3, 8)) if rng.random() < config.run_share else 0)
        )
        share = config.digit_share
        clip = _pick(material, speakers, share if not run else min(1.0, 1.6 * share), config, rng)
        factor = float(rng.uniform(*config.augment.resample))
        samples = stretched(clip.samples, factor)
        if config.augment.tempo:
            tempo = float(rng.uniform(*config.augment.tempo))
            samples, factor = retimed(samples, tempo), factor * tempo
        shift = 0
        if config.augment.cut_share and rng.random() < config.augment.cut_share:
            shift = -round(rng.uniform(0.02, 0.09) * SAMPLE_RATE_HZ)
            samples = samples[-shift:]
        if pasted:
            samples, before = _recorded_apart(material, samples, config, rng)
            shift += before
        if position + len(samples) + SAMPLE_RATE_HZ // 5 > length:
            return speech, words
        gain_db = 0.0 if pasted else rng.normal(0.0, config.clip_gain_db)
        speech[position : position + len(samples)] += samples * np.float32(10 ** (gain_db / 20))
        start_s = (position + shift) / SAMPLE_RATE_HZ
        onset_s = max(start_s + clip.onset_s / factor, position / SAMPLE_RATE_HZ)
        words.append(Occurrence(clip.label, onset_s, start_s + clip.end_s / factor))
        gap_s = rng.uniform(*(config.run_gap_s if run else config.gap_s))
        if rng.random() < 0.04:
            gap_s += rng.uniform(2, 8)
        position += len(samples) + round(gap_s * SAMPLE_RATE_HZ)


def _recorded_apart(
    material: Material, samples: Samples, config: StreamConfig, rng: np.random.Generator
) -> tuple[Samples, int]:
    """A clip with a room, noise and microphone of its own that stop where it is cut.

    Also returns by how many samples its speech now begins later; a tight cut takes some away.
    """
    margins = rng.normal(0.02, 0.05, 2).clip(-0.04, 0.25) * SAMPLE_RATE_HZ
    before, after = (int(margin) for margin in margins)
    cut = samples[max(0, -before) : len(samples) - max(0, -after)]
    padded = np.pad(cut, (max(0, before), max(0, after)))
    noise = _sound(material, len(padded), config, rng) if rng.random() < 0.7 else None
    return distort(padded, noise, config.augment, rng), before


def _pick(
    material: Material,
    speakers: Sequence[Sequence[Clip]],
    digit_share: float,
    config: StreamConfig,
    rng: np.random.Generator,
) -> Clip:
    foreign_share = config.foreign_share / max(1e-9, 1 - config.digit_share)
    if rng.random() < digit_share:
        clips: Sequence[Clip] = speakers[int(rng.integers(len(speakers)))]
    elif config.backwards_share and rng.random() < config.backwards_share:
        clips = speakers[int(rng.integers(len(speakers)))]
        return _backwards(clips[int(rng.integers(len(clips)))])
    elif material.foreign and rng.random() < foreign_share:
        clips = material.foreign
    else:
        clips = material.others
    return clips[int(rng.integers(len(clips)))]


def _backwards(clip: Clip) -> Clip:
    """A voice that says nothing: a word from its end to its beginning."""
    length_s = len(clip.samples) / SAMPLE_RATE_HZ
    onset_s, end_s = length_s - clip.end_s, length_s - clip.onset_s
    return replace(clip, samples=clip.samples[::-1], label=NONE, onset_s=onset_s, end_s=end_s)


def _noise(
    material: Material, length: int, config: StreamConfig, rng: np.random.Generator
) -> Samples:
    """Something to lie under speech."""
    draw = rng.random()
    if draw < config.babble_share + config.voice_share:
        voices = _voices(material)
        long = [samples for samples in voices if len(samples) > SAMPLE_RATE_HZ] or voices
        if draw < config.babble_share:
            return noises.babble(length, long, rng)
        return noises.voice(length, long, rng)
    return _sound(material, length, config, rng)


def _sound(
    material: Material, length: int, config: StreamConfig, rng: np.random.Generator
) -> Samples:
    """A noise or music without speech."""
    kinds, shares = zip(*config.sounds, strict=True)
    kind = rng.choice(kinds, p=shares)
    if kind == "calls":
        return noises.calls(length, _voices(material), rng)
    if kind == "loop" and material.loops:
        first, second = (material.loops[i] for i in rng.integers(len(material.loops), size=2))
        mix = noises.tiled(first, length, rng) + rng.uniform(0, 1) * noises.tiled(
            second, length, rng
        )
        return np.asarray(mix, np.float32)
    if kind == "recorded" and material.recorded:
        chosen = material.recorded[int(rng.integers(len(material.recorded)))]
        return noises.tiled(chosen, length, rng).astype(np.float32)
    return MAKERS.get(str(kind), noises.colored)(length, rng)


def _voices(material: Material) -> list[Samples]:
    return [clip.samples for clip in (*material.foreign, *material.others)]

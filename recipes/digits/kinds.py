"""Kinds of streams: how each is put together, and how many of which a phase trains on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from recipes.digits.augment import AugmentConfig

SOUNDS = (
    ("colored", 0.2), ("hum", 0.05), ("clicks", 0.15), ("calls", 0.2), ("music", 0.2),
    ("loop", 0.2),
)  # fmt: skip
"""Kinds of noise and their shares."""


@dataclass(frozen=True)
class StreamConfig:
    """How a stream is put together; shares are probabilities.

    Args:
        backwards_share: of what is no digit, words that are played backwards.
        babble_share, voice_share: of what lies under speech, many voices and one or two.
    """

    duration_s: float = 40.0
    digit_share: float = 0.6
    foreign_share: float = 0.1
    oddity_share: float = 0.12
    run_share: float = 0.25
    gap_s: tuple[float, float] = (0.12, 2.2)
    run_gap_s: tuple[float, float] = (0.05, 0.5)
    clip_gain_db: float = 4.0
    pasted_share: float = 0.35
    backwards_share: float = 0.0
    noise_share: float = 0.8
    babble_share: float = 0.25
    voice_share: float = 0.0
    only_noise_share: float = 0.2
    only_other_share: float = 0.15
    sounds: tuple[tuple[str, float], ...] = SOUNDS
    augment: AugmentConfig = field(default_factory=AugmentConfig)


HARD = StreamConfig(
    run_share=0.45,
    run_gap_s=(-0.04, 0.35),
    only_noise_share=0.2,
    sounds=(
        ("colored", 0.1), ("hum", 0.04), ("clicks", 0.08), ("calls", 0.14), ("music", 0.12),
        ("loop", 0.12), ("glides", 0.2), ("cries", 0.2),
    ),
    augment=AugmentConfig(telephone_share=0.45, low_pass_share=0.5, resample=(0.72, 1.34)),
)  # fmt: skip
"""What is hard: tight runs of digits, slow and fast voices, telephone lines, gliding sounds."""
GLIDING = replace(HARD, only_noise_share=1.0, sounds=(("glides", 0.5), ("cries", 0.5)))

ROOMS = replace(
    HARD,
    digit_share=0.62,
    foreign_share=0.15,
    backwards_share=0.35,
    run_share=0.3,
    run_gap_s=(0.0, 0.3),
    gap_s=(0.1, 1.6),
    clip_gain_db=3.0,
    pasted_share=0.15,
    noise_share=0.85,
    babble_share=0.08,
    voice_share=0.5,
    only_noise_share=0.05,
    only_other_share=0.1,
    sounds=(
        ("colored", 0.12), ("hum", 0.03), ("clicks", 0.05), ("calls", 0.05), ("music", 0.08),
        ("loop", 0.12), ("glides", 0.02), ("cries", 0.03), ("recorded", 0.5),
    ),
    augment=AugmentConfig(
        room_share=0.5,
        reverberation_s=(0.15, 0.9),
        direct_share=(0.3, 0.95),
        snr_db=(2.0, 30.0),
        equalizer_share=0.5,
        telephone_share=0.35,
        low_pass_share=0.3,
        clipping_share=0.03,
        level_db=(-36.0, 0.0),
        lines=("mu-law", "gsm", "band", "band"),
        resample=(0.82, 1.22),
        tempo=(0.8, 1.25),
        cut_share=0.12,
    ),
)  # fmt: skip
"""A microphone in a room: others speak, it rains, the walls answer."""
APART = replace(ROOMS, digit_share=0.0, only_other_share=0.6, only_noise_share=0.4)
"""The same without any digit."""


@dataclass(frozen=True)
class Made:
    """Some streams of one kind, and the seed that they come from."""

    kind: StreamConfig
    count: int
    seed: int


TRAINING_STREAMS: Mapping[str, Made] = {"train": Made(StreamConfig(), 1_200, 7)}
"""What the first phases train on."""

REFINING_STREAMS: Mapping[str, Made] = {
    "hard": Made(HARD, 200, 13),
    "gliding": Made(GLIDING, 60, 17),
    "plain": Made(StreamConfig(), 110, 19),
}
"""What the stage `refine` trains on, by the folder that keeps it."""

TUNING_STREAMS: Mapping[str, Made] = {
    "tune": Made(StreamConfig(), 60, 11),
    "tune without digits": Made(APART, 40, 12),
}
"""What event settings are chosen on: voices and recordings that are trained on nowhere."""

"""Kinds of streams: how each is put together, and how many of which a phase trains on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cla.training.digits.augment import AugmentConfig

SOUNDS = (
    ("colored", 0.2), ("hum", 0.05), ("clicks", 0.15), ("calls", 0.2), ("music", 0.2),
    ("loop", 0.2),
)  # fmt: skip
"""Kinds of noise and their shares."""


@dataclass(frozen=True)
class StreamConfig:
    """How a stream is put together; shares are probabilities."""

    duration_s: float = 40.0
    digit_share: float = 0.6
    foreign_share: float = 0.1
    oddity_share: float = 0.12
    run_share: float = 0.25
    gap_s: tuple[float, float] = (0.12, 2.2)
    run_gap_s: tuple[float, float] = (0.05, 0.5)
    clip_gain_db: float = 4.0
    pasted_share: float = 0.35
    noise_share: float = 0.8
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

TELEPHONE = replace(
    HARD,
    run_share=0.5,
    run_gap_s=(0.08, 0.35),
    gap_s=(0.1, 1.6),
    clip_gain_db=2.5,
    pasted_share=0.2,
    noise_share=0.45,
    only_noise_share=0.06,
    only_other_share=0.25,
    augment=replace(
        HARD.augment,
        room_share=0.3,
        equalizer_share=0.5,
        telephone_share=0.75,
        lines=("mu-law", "gsm", "band"),
        line_db=(-30.0, 0.0),
        level_db=(-46.0, 0.0),
        resample=(0.78, 1.28),
    ),
)
"""Telephone lines above all: tight runs of digits, and speech of others, at any level."""


@dataclass(frozen=True)
class Made:
    """Some streams of one kind, and the seed that they come from."""

    kind: StreamConfig
    count: int
    seed: int


REFINING_STREAMS: Mapping[str, Made] = {
    "hard": Made(HARD, 200, 13),
    "gliding": Made(GLIDING, 60, 17),
    "plain": Made(StreamConfig(), 110, 19),
}
HARDENING_STREAMS: Mapping[str, Made] = {
    "telephone": Made(TELEPHONE, 160, 23),
    "hard again": Made(HARD, 40, 29),
}
"""What the stages `refine` and `harden` train on, by the folder that keeps it."""

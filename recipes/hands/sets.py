"""The sets of streams to train, tune and test on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cla.features import Handedness
from recipes.hands.streams import StreamConfig
from recipes.hands.tracking import TrackingConfig
from recipes.hands.webcam import Part

SIGNS_ALONE = (1.0, 0.0, 0.0, 0.0, 0.0)
MOTIONS_ALONE = (0.0, 1.0, 0.0, 0.0, 0.0)
ODD_SHARES = (0.0, 0.0, 0.0, 0.9, 0.1)

_USUAL = StreamConfig()


@dataclass(frozen=True)
class StreamSet:
    """Streams of one purpose; the hands of one side are never trained on."""

    side: Handedness
    count: int
    seed: int
    config: StreamConfig = _USUAL
    webcam: Part | None = None
    """The part of hand-keypoints that is mixed in."""


def _test(seed: int, config: StreamConfig = _USUAL, count: int = 12) -> StreamSet:
    return StreamSet("left", count, seed, config)


def _seen(tracking: TrackingConfig) -> StreamConfig:
    return replace(_USUAL, tracking=tracking)


JITTER = TrackingConfig(noise=(0.004, 0.03), lost=0.0, outliers=0.0)
"""What is left of a tracker's errors where a hand keeps still."""
TRAIN = StreamSet("right", 600, 8)
HARD = StreamSet(
    "right",
    600,
    9,
    replace(
        _seen(TrackingConfig(noise=(0.006, 0.1), timing=0.3, dropped=0.08)),
        turn_deg=24.0,
        variety=1.4,
    ),
)
WIDE = StreamSet(
    "right",
    400,
    10,
    replace(
        HARD.config,
        turn_deg=30.0,
        views=1.0,
        webcam=0.4,
        traced=0.25,
        path_variety=0.3,
        mirrored=0.25,
    ),
    webcam="trained",
)
"""Hands from all sides, and real ones before a webcam."""
TUNE = StreamSet("right", 20, 11)
TUNE_ODD = StreamSet("right", 20, 12, replace(_USUAL, shares=ODD_SHARES))
TUNE_CIRCLES = StreamSet(
    "right", 12, 13, replace(_USUAL, shares=MOTIONS_ALONE, traced=1.0), webcam="tuned"
)
TESTS: Mapping[str, StreamSet] = {
    "other hands": _test(21),
    "10 frames a second": _test(22, _seen(TrackingConfig(frame_rates_hz=(10.0, 10.0)))),
    "30 frames a second": _test(23, _seen(TrackingConfig(frame_rates_hz=(30.0, 30.0)))),
    "turned": _test(24, replace(_USUAL, turn_deg=30.0)),
    "noisy": _test(25, _seen(TrackingConfig(noise=(0.06, 0.09), timing=0.3, dropped=0.1))),
    "odd hands": _test(26, replace(_USUAL, shares=ODD_SHARES), count=20),
    "from all sides": _test(27, replace(_USUAL, views=1.0, mirrored=0.25, turn_deg=30.0)),
    "before a webcam": replace(
        _test(28, replace(_USUAL, shares=SIGNS_ALONE, webcam=1.0)), webcam="tested"
    ),
    "real circles": replace(
        _test(29, replace(_USUAL, shares=MOTIONS_ALONE, traced=1.0)), webcam="tested"
    ),
    "still hands": _test(30, replace(_seen(JITTER), seconds=12.0, companion=0.0, still=True), 60),
}

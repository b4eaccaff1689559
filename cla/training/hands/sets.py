"""The sets of streams to train, tune and test on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cla.features import Handedness
from cla.training.hands.streams import StreamConfig
from cla.training.hands.tracking import TrackingConfig

ODD_SHARES = (0.0, 0.0, 0.0, 0.9, 0.1)

_USUAL = StreamConfig()


@dataclass(frozen=True)
class StreamSet:
    """Streams of one purpose; the hands of one side are never trained on."""

    side: Handedness
    count: int
    seed: int
    config: StreamConfig = _USUAL


def _test(seed: int, config: StreamConfig = _USUAL, count: int = 12) -> StreamSet:
    return StreamSet("left", count, seed, config)


def _seen(tracking: TrackingConfig) -> StreamConfig:
    return replace(_USUAL, tracking=tracking)


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
TUNE = StreamSet("right", 20, 11)
TUNE_ODD = StreamSet("right", 20, 12, replace(_USUAL, shares=ODD_SHARES))
TESTS: Mapping[str, StreamSet] = {
    "other hands": _test(21),
    "10 frames a second": _test(22, _seen(TrackingConfig(frame_rates_hz=(10.0, 10.0)))),
    "30 frames a second": _test(23, _seen(TrackingConfig(frame_rates_hz=(30.0, 30.0)))),
    "turned": _test(24, replace(_USUAL, turn_deg=30.0)),
    "noisy": _test(25, _seen(TrackingConfig(noise=(0.06, 0.09), timing=0.3, dropped=0.1))),
    "odd hands": _test(26, replace(_USUAL, shares=ODD_SHARES), count=20),
}

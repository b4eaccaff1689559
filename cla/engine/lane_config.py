"""Which attention a lane runs, and the names that lanes have beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from cla.attention import KINDS, LandmarkMode
from cla.engine.schema import Count, Name
from cla.errors import ClaError


@dataclass(frozen=True)
class LaneConfig:
    """Which attention a lane runs; `window` and `num_layers` are the task's when not given.

    What a kind does not have is left out, so that two lanes are equal where they run the same: a
    kind without landmarks has no number of them, and one with a single mode has that mode.
    """

    kind: Name
    num_landmarks: Count | None = None
    landmark_mode: LandmarkMode = "fixed"
    window: Count | None = None
    num_layers: Count | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            return  # refused by whoever makes its attention
        modes = KINDS[self.kind].landmark_modes
        if not modes:
            object.__setattr__(self, "num_landmarks", None)
            object.__setattr__(self, "landmark_mode", "fixed")
        elif self.landmark_mode not in modes:
            object.__setattr__(self, "landmark_mode", modes[0])


def lane_names(configs: Sequence[LaneConfig]) -> list[str]:
    """The kinds; landmarks, mode, window and layers are named where lanes differ in them alone.

    Raises:
        ClaError: there are no lanes, or two are the same.
    """
    if not configs:
        raise ClaError("There are no lanes to run.", "Name at least one, for example full.")
    if len(set(configs)) < len(configs):
        raise ClaError("A lane is named twice.", "Let each lane differ from the others.")
    names = [names_of(config) for config in configs]
    return [
        next(
            (name for depth, name in enumerate(own) if [n[depth] for n in names].count(name) == 1),
            own[-1],
        )
        for own in names
    ]


def names_of(config: LaneConfig) -> list[str]:
    """The names that a lane may have beside others, from the shortest to the longest."""
    marks = f"{config.kind}:{config.num_landmarks}" if config.num_landmarks else config.kind
    mode = f"{marks}:{config.landmark_mode}" if config.num_landmarks else marks
    window = f"{mode}:{config.window}" if config.window else mode
    layers = f"{window}:L{config.num_layers}" if config.num_layers else window
    return [config.kind, marks, mode, window, layers]

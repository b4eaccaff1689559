"""What a user can ask of a running session; each acts between two tokens."""

from dataclasses import dataclass

from cla.attention import LandmarkMode
from cla.engine.lane_config import LaneConfig


@dataclass(frozen=True)
class SetLandmarks:
    """Use this many landmarks in every low-rank lane."""

    num_landmarks: int


@dataclass(frozen=True)
class SetLandmarkMode:
    """Let landmarks follow the stream, or use the fitted ones."""

    mode: LandmarkMode


@dataclass(frozen=True)
class SetWindow:
    """Attend to this many tokens, in every lane."""

    window: int


@dataclass(frozen=True)
class SetLanes:
    """Run these lanes. A new one joins with all that the others heard; counts begin anew."""

    configs: tuple[LaneConfig, ...]


@dataclass(frozen=True)
class SetEmit:
    """Whether records carry attention rows."""

    emit: bool


@dataclass(frozen=True)
class Pause:
    """Stop taking tokens."""


@dataclass(frozen=True)
class Resume:
    """Go on taking tokens."""


@dataclass(frozen=True)
class StepOnce:
    """Take exactly one token while paused."""


@dataclass(frozen=True)
class Reset:
    """Forget everything heard and count from zero."""


@dataclass(frozen=True)
class RequestMap:
    """Send one lane's whole attention map in a layer, or its factors."""

    lane: str
    layer: int = 0


LaneCommand = SetLandmarks | SetLandmarkMode | SetWindow | SetLanes | SetEmit
Command = LaneCommand | Pause | Resume | StepOnce | Reset | RequestMap

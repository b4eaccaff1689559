"""The systems that are compared, and how each is drawn: color, dash and mark all differ."""

from dataclasses import dataclass
from itertools import cycle
from types import MappingProxyType

from cla.attention import (
    KINDS,
    LOW_RANK,
    REFERENCE,
    STREAMED,
    AttentionConfig,
    AttentionKind,
    LandmarkMode,
    Look,
    OutputMode,
    all_systems,
)
from cla.models import LaneSpec
from cla.texts import Texts


@dataclass(frozen=True)
class Sizes:
    """Sizes of a stack of attention layers.

    Args:
        window, landmarks, head_dim, heads: N, M, D and H of each layer.
        layers: all but the last are retroactive.
    """

    window: int
    landmarks: int
    head_dim: int
    heads: int = 1
    layers: int = 1


@dataclass(frozen=True)
class System:
    """One attention system: a kind in one of its landmark modes.

    Args:
        key: its name in addresses and texts.
        landmark_mode: of a kind without landmarks one that means nothing.
        label: in words, where the catalogue has none.
        color, dash, symbol: see `Look`.
    """

    key: str
    kind: AttentionKind
    landmark_mode: LandmarkMode
    label: str
    color: str
    dash: str
    symbol: str

    @property
    def low_rank(self) -> bool:
        """Whether it has landmarks."""
        return bool(KINDS[self.kind].landmark_modes)

    def lane(self, num_landmarks: int) -> LaneSpec:
        """The lane of the system with this many landmarks, if it has some."""
        return LaneSpec(self.kind, num_landmarks, self.landmark_mode)

    def configs(self, sizes: Sizes) -> list[AttentionConfig]:
        """The layers of a stack."""
        outputs: list[OutputMode] = ["retroactive" for _ in range(sizes.layers - 1)]
        marks = sizes.landmarks if self.low_rank else None
        embed_dim = sizes.heads * sizes.head_dim
        return [
            AttentionConfig(
                self.kind, embed_dim, sizes.heads, sizes.window, marks, self.landmark_mode, output
            )
            for output in (*outputs, "single_output")
        ]


_OWN_LOOKS = (
    Look("#8250c4", "solid", "diamond"),
    Look("#9a7d0a", "dash", "triangle-up"),
    Look("#00838f", "dot", "x"),
    Look("#b3261e", "dashdot", "circle"),
)
"""Looks of kinds that have none of their own; with more of them they come again."""


def systems() -> dict[str, System]:
    """All systems, those of kinds that others have registered too."""
    looks = cycle(_OWN_LOOKS)
    return {
        key: System(key, kind, mode or "continual", label, *(look or next(looks)))
        for key, kind, mode, label, look, _ in all_systems()
    }


_SHIPPED = {system.key for system in all_systems() if system.shipped}
SYSTEMS = MappingProxyType({key: system for key, system in systems().items() if key in _SHIPPED})
"""Those that come with the package."""


def low_rank_systems() -> tuple[str, ...]:
    """The keys of those with landmarks."""
    return tuple(key for key, system in systems().items() if system.low_rank)


def system_title(say: Texts, key: str) -> str:
    """A system in words, as Live names its lane; one that the catalogue does not know by its label.

    The kind of landmarks is named where there is more than one.
    """
    return title_with_landmarks(say, key, None)


def title_with_landmarks(say: Texts, key: str, count: int | None) -> str:
    """A system in words, with the number of its landmarks, if one is given."""
    system = systems()[key]
    title = say(f"page.lane_{system.kind}") if key in SYSTEMS else system.label
    if len(KINDS[system.kind].landmark_modes) > 1:
        landmarks = say(f"system.{system.landmark_mode}")
        return f"{title}, {count} {landmarks}" if count else f"{title}, {landmarks}"
    return f"{title}, {say('page.title_landmarks', count=count)}" if count else title


def system_of(lane: LaneSpec) -> System:
    """The system that a lane runs."""
    fitting = [system for system in systems().values() if system.kind == lane.kind]
    same_mode = (one for one in fitting if one.landmark_mode == lane.landmark_mode)
    return next(same_mode, fitting[0])


FULL_SYSTEM, EXACT_SYSTEM = system_of(LaneSpec(REFERENCE)), system_of(LaneSpec(STREAMED))
FOLLOWING_SYSTEM = system_of(LaneSpec(LOW_RANK, landmark_mode="continual"))
FIXED_SYSTEM = system_of(LaneSpec(LOW_RANK))

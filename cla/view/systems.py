"""The systems that are compared, and how each is drawn: color, dash and mark all differ."""

from dataclasses import dataclass
from itertools import cycle
from types import MappingProxyType

from cla.attention import (
    KINDS,
    SHIPPED,
    AttentionConfig,
    AttentionKind,
    LandmarkMode,
    OutputMode,
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
    """One attention system.

    Args:
        key: its name in addresses and texts.
        color: readable on light and dark ground, and told apart by color-blind eyes.
    """

    key: str
    kind: AttentionKind
    landmark_mode: LandmarkMode
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


# Okabe and Ito's colors, darkened where white ground needs it.
_ALL = (
    System("full", "full", "continual", "#7a7a7a", "solid", "circle"),
    System("continual", "continual", "continual", "#2a86c8", "dash", "square"),
    System("nystrom", "nystrom", "continual", "#0a9672", "dot", "diamond"),
    System("following", "continual_nystrom", "continual", "#c2649b", "dashdot", "triangle-up"),
    System("fixed", "continual_nystrom", "fixed", "#d55e00", "longdash", "x"),
)
SYSTEMS = MappingProxyType({system.key: system for system in _ALL})
"""Those that come with the package."""

_OWN_LOOKS = (
    ("#8250c4", "solid", "diamond"),
    ("#9a7d0a", "dash", "triangle-up"),
    ("#00838f", "dot", "x"),
    ("#b3261e", "dashdot", "circle"),
)
"""Looks of kinds that others have registered; with more of them they come again."""


def systems() -> dict[str, System]:
    """All systems, those of registered kinds too: one for each kind and mode."""
    own = [(name, mode) for name in KINDS if name not in SHIPPED for mode in modes_of(name)]
    looks = zip(own, cycle(_OWN_LOOKS))
    found = [
        System(name if len(modes_of(name)) == 1 else f"{name}_{mode}", name, mode, *look)
        for (name, mode), look in looks
    ]
    return {**SYSTEMS, **{system.key: system for system in found}}


def modes_of(kind: AttentionKind) -> tuple[LandmarkMode, ...]:
    """The modes in which a kind runs; one that means nothing for a kind without landmarks."""
    return KINDS[kind].landmark_modes or ("continual",)


def low_rank_systems() -> tuple[str, ...]:
    """The keys of those with landmarks."""
    return tuple(key for key, system in systems().items() if system.low_rank)


def system_title(say: Texts, key: str) -> str:
    """A system in words; one of a registered kind by its name."""
    return say(f"system.{key}") if key in SYSTEMS else key.replace("_", " ")


def system_of(lane: LaneSpec) -> System:
    """The system that a lane runs."""
    fitting = [system for system in systems().values() if system.kind == lane.kind]
    same_mode = (one for one in fitting if one.landmark_mode == lane.landmark_mode)
    return next(same_mode, fitting[0])

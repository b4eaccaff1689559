"""The attention kinds there are: those of this package, and those that others register."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from cla.errors import ClaError

if TYPE_CHECKING:  # layers import their configuration, which imports this
    from cla.attention.config import AttentionConfig
    from cla.attention.layer import AttentionLayer

LandmarkMode = Literal["continual", "fixed"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Part(NamedTuple):
    """Multiply-adds of one head.

    Args:
        products: matrix products.
        other: everything else.
    """

    products: int
    other: int

    @property
    def total(self) -> int:
        return self.products + self.other


class OwnLayer(Protocol):
    """The class of a kind that is registered: an `AttentionLayer` that counts its operations."""

    def __call__(self, config: "AttentionConfig") -> "AttentionLayer": ...

    def operations(self, config: "AttentionConfig", seen: int, *, anew: bool) -> Part:
        """The attention product of a step; a static method.

        Args:
            seen: tokens that the window then holds.
            anew: the whole window is computed, as in layers that are given refreshed tokens.
        """


@dataclass(frozen=True)
class Kind:
    """What is known of an attention kind before its layer is made.

    Args:
        layer: `module.Class` of this package, by name so that nothing is loaded early, or the class
            of a kind that was registered.
        landmark_modes: those it has; none if it has no landmarks.
    """

    layer: str | OwnLayer
    landmark_modes: tuple[LandmarkMode, ...] = ()


_KINDS = {
    "full": Kind("full.FullAttention"),
    "continual": Kind("continual.ContinualAttention"),
    "nystrom": Kind("nystrom.NystromAttention", ("continual",)),
    "continual_nystrom": Kind(
        "continual_nystrom.ContinualNystromAttention", ("continual", "fixed")
    ),
}
KINDS: Mapping[str, Kind] = MappingProxyType(_KINDS)
"""All kinds by name; whoever lists or names kinds reads it when asked, not when imported."""

SHIPPED = frozenset(_KINDS)
"""The kinds of this package."""


def register_kind(
    name: str, layer: OwnLayer, landmark_modes: tuple[LandmarkMode, ...] = ()
) -> None:
    """Let `layer` be known as an attention kind, everywhere; again to change it.

    Raises:
        ClaError: the name is taken or is none, or the class does not count its operations.
    """
    if not _NAME.fullmatch(name) or name in SHIPPED:
        raise ClaError(
            f"A kind cannot be called {name!r}.",
            f"Choose small letters, digits and _, and none of {', '.join(sorted(SHIPPED))}.",
        )
    if not callable(getattr(layer, "operations", None)):
        raise ClaError(
            f"The kind {name!r} does not count its operations.",
            "Give its class a static method operations(config, seen, *, anew).",
        )
    _KINDS[name] = Kind(layer, landmark_modes)

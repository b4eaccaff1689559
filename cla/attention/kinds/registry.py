"""The attention kinds there are: those of this package, and those that others register."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from cla.errors import ClaError

if TYPE_CHECKING:  # kinds import their configuration, which imports this
    from cla.attention.config import AttentionConfig
    from cla.attention.kinds.kind import Kind, Look

LandmarkMode = Literal["continual", "fixed"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class KindEntry:
    """What is known of a kind before a layer is made.

    Args:
        classes: what implements it, by landmark mode; for a kind without landmarks by None.
        shipped: whether it comes with this package.
    """

    classes: Mapping[LandmarkMode | None, "type[Kind]"]
    shipped: bool = False

    @property
    def landmark_modes(self) -> tuple[LandmarkMode, ...]:
        """Those it has; none if it has no landmarks."""
        return tuple(mode for mode in self.classes if mode is not None)


class System(NamedTuple):
    """A kind in one landmark mode: what lanes, charts and tables tell apart.

    Args:
        key: its name in addresses and catalogues.
        landmark_mode: None of a kind without landmarks.
    """

    key: str
    kind: str
    landmark_mode: LandmarkMode | None
    label: str
    look: "Look | None"
    shipped: bool


_KINDS: dict[str, KindEntry] = {}
KINDS: Mapping[str, KindEntry] = MappingProxyType(_KINDS)
"""All kinds by name; whoever lists or names kinds reads it when asked, not when imported."""


def register_kind(
    name: str, kind: "type[Kind] | Mapping[LandmarkMode, type[Kind]]", *, shipped: bool = False
) -> None:
    """Register a class as an attention kind; registering a name again replaces its class.

    Args:
        kind: a class, of a kind without landmarks, or one for each landmark mode.

    Raises:
        ClaError: the name is taken, or cannot be a name.
    """
    taken = name in _KINDS and _KINDS[name].shipped
    if not _NAME.fullmatch(name) or taken:
        ours = ", ".join(sorted(one for one, entry in _KINDS.items() if entry.shipped))
        raise ClaError("kind_name_unfit", name=name, taken=ours)
    classes: dict[LandmarkMode | None, type[Kind]] = {}
    classes.update(kind.items() if isinstance(kind, Mapping) else [(None, kind)])
    _KINDS[name] = KindEntry(MappingProxyType(classes), shipped)


def forget_kind(name: str) -> None:
    """Undo `register_kind` of a kind that does not come with this package."""
    if not _KINDS[name].shipped:
        del _KINDS[name]


def kind_class(config: "AttentionConfig") -> "type[Kind]":
    """The class that does what a configuration asks for."""
    classes = KINDS[config.kind].classes
    return classes[None] if None in classes else classes[config.landmark_mode]


def all_systems() -> tuple[System, ...]:
    """Every kind in each of its modes, in the order in which they were registered."""
    return tuple(
        System(
            key=cls.key or (name if len(entry.classes) == 1 else f"{name}_{mode}"),
            kind=name,
            landmark_mode=mode,
            label=cls.label or name.replace("_", " "),
            look=cls.look,
            shipped=entry.shipped,
        )
        for name, entry in KINDS.items()
        for mode, cls in entry.classes.items()
    )

"""What is taught: two to eight classes, and clips of each as tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError

FEWEST_CLASSES, MOST_CLASSES = 2, 8
MIN_CLASS_S, GOOD_CLASS_S, MAX_CLASS_S = 4.0, 10.0, 60.0
"""A class needs so much, should have so much, and is given no more."""
MAX_NAME = 30
NOTHING = "none"
"""The first label of every task: nothing, or something else."""


@dataclass(frozen=True)
class TaughtClip:
    """A clip as tokens.

    Shapes:
        features: (T, F) float32
        quiet: (T,) bool, where the clip holds nothing of its class
    """

    features: NDArray[np.float32]
    quiet: NDArray[np.bool_]


@dataclass(frozen=True)
class TaughtClass:
    """A class and its clips."""

    name: str
    clips: tuple[TaughtClip, ...] = ()

    @property
    def tokens(self) -> int:
        """Tokens that hold something of the class."""
        return sum(int((~clip.quiet).sum()) for clip in self.clips)


@dataclass(frozen=True)
class Material:
    """Everything that is taught.

    Args:
        features: name of the front end that made the tokens.
        background: clips in which nothing of the classes is heard or seen; may be empty.

    Raises:
        ClaError: the classes are too few, too many, or named badly.
    """

    features: str
    classes: tuple[TaughtClass, ...]
    background: tuple[TaughtClip, ...] = ()

    def __post_init__(self) -> None:
        check_names([each.name for each in self.classes])

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the task that is taught."""
        return (NOTHING, *(each.name for each in self.classes))


def check_names(names: Sequence[str]) -> None:
    """Raise `ClaError` unless classes may be named so."""
    if not FEWEST_CLASSES <= len(names) <= MOST_CLASSES:
        raise ClaError(
            "classes_wrong_count", count=len(names), fewest=FEWEST_CLASSES, most=MOST_CLASSES
        )
    taken: set[str] = {NOTHING}
    for name in names:
        check_name(name)
        if name.casefold() in taken:
            if name.casefold() == NOTHING:
                raise ClaError("class_named_nothing", name=NOTHING)
            raise ClaError("class_named_twice", name=name)
        taken.add(name.casefold())


def check_name(name: str) -> None:
    """Raise `ClaError` unless a class may have this name."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise ClaError("class_name_unfit", name=name[:MAX_NAME], most=MAX_NAME)

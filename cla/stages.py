"""How the stages of a stream's way are written: things in, what they complete out."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")
Taken = TypeVar("Taken", contravariant=True)


class Stage(Protocol[Taken, Out]):
    """One stage of one stream's way; what it gives does not depend on how the stream is cut."""

    def push(self, item: Taken, /) -> list[Out]:
        """Take the next thing; returns what it completes, oldest first."""

    def flush(self) -> list[Out]:
        """End the stream; returns what is still owed."""

    def reset(self) -> None:
        """Begin a new stream."""


class Chain(Generic[In, Out]):
    """Stages one after the other, as one stage.

    Args:
        stages: each takes what the one before gives.
    """

    def __init__(self, *stages: Stage[Any, Any]) -> None:
        self._stages = stages

    def push(self, item: In, /) -> list[Out]:
        """Take the next thing; returns what comes out at the end, oldest first."""
        items: list[Any] = [item]
        for stage in self._stages:
            items = [given for one in items for given in stage.push(one)]
        return items

    def flush(self) -> list[Out]:
        """End the stream; returns what its last things complete."""
        items: list[Any] = []
        for stage in self._stages:
            items = [given for one in items for given in stage.push(one)] + stage.flush()
        return items

    def reset(self) -> None:
        """Begin a new stream."""
        for stage in self._stages:
            stage.reset()


class Each(Generic[In, Out]):
    """A stage without memory, which makes one thing of each."""

    def __init__(self, make: Callable[[In], Out]) -> None:
        self._make = make

    def push(self, item: In, /) -> list[Out]:
        """Make one thing of another."""
        return [self._make(item)]

    def flush(self) -> list[Out]:
        """There is nothing to add at the end."""
        return []

    def reset(self) -> None:
        """There is no state to reset."""

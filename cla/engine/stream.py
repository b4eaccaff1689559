"""A stream's way into a session: what waits, what is dropped when that is too much, its tokens."""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cla.engine.records import FrameRecord, SoundRecord
from cla.types import Token

Packet = TypeVar("Packet")


@dataclass(frozen=True, slots=True)
class Arrival(Generic[Packet]):
    """A packet that waits.

    Args:
        arrived_s: when it came, by the clock of `time.perf_counter`.
        skipped: what was dropped just before it, in the stream's own unit.
    """

    packet: Packet
    arrived_s: float
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a packet amounts to.

    Args:
        dropped_frames: pictures that were dropped just before it.
        seen: what there is to look at.
    """

    tokens: list[Token]
    dropped_frames: int = 0
    seen: FrameRecord | SoundRecord | None = None


class Stream(ABC, Generic[Packet]):
    """One medium's queue and features; knows neither threads nor lanes.

    `offer`, `lose`, `pop`, `clear` and `behind_s` are called with the session's lock held, `take`,
    `flush` and `reset` by its worker alone.

    Args:
        capacity: how much may wait, in the stream's own unit; a single packet always may.
        size: what a packet counts for in that unit.
    """

    def __init__(self, capacity: int, size: Callable[[Packet], int]) -> None:
        self._capacity = capacity
        self._size = size
        self._waiting: deque[Arrival[Packet]] = deque()
        self._waiting_size = 0
        self._missing = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, packet: Packet, *, live: bool) -> bool:
        """Queue a packet; where the queue is full, drop the oldest if `live`, else refuse it."""
        size, skipped = self._size(packet), self._missing
        if self._waiting and self._waiting_size + size > self._capacity:
            if not live:
                return False
            skipped += self._waiting_size + sum(old.skipped for old in self._waiting)
            self._waiting.clear()
            self._waiting_size = 0
        self._waiting.append(Arrival(packet, time.perf_counter(), skipped))
        self._waiting_size += size
        self._missing = 0
        return True

    def lose(self, amount: int) -> None:
        """So much of the medium was lost on its way, before the next packet that comes."""
        self._missing += amount

    def pop(self) -> Arrival[Packet] | None:
        """The oldest packet that waits."""
        if not self._waiting:
            return None
        arrival = self._waiting.popleft()
        self._waiting_size -= self._size(arrival.packet)
        return arrival

    def clear(self) -> None:
        """Forget what waits and what was dropped."""
        self._waiting.clear()
        self._waiting_size = self._missing = 0

    @property
    @abstractmethod
    def behind_s(self) -> float:
        """Media time that waits."""

    @abstractmethod
    def take(self, arrival: Arrival[Packet]) -> Taken:
        """Turn a packet into the tokens it completes.

        Raises:
            ClaError: it cannot be used; the stream goes on without it.
        """

    @abstractmethod
    def flush(self) -> list[Token]:
        """End the stream; the tokens its last packets complete."""

    @abstractmethod
    def reset(self) -> None:
        """Begin a new stream."""

"""What waits for a session's worker: packets of its stream, and what it is asked to do."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from cla.engine.commands import Command, Pause, Resume, StepOnce
from cla.engine.recording.recorder import Recorder
from cla.engine.stream import Arrival, Stream
from cla.errors import ClaError

MAX_COMMANDS = 256

Packet = TypeVar("Packet")


@dataclass(frozen=True)
class RecordWith:
    """Record with this, or no more; in its turn among the commands."""

    recorder: Recorder | None


@dataclass(frozen=True, eq=False)
class FillWith:
    """Put `count` tokens before the stream, rows of `features` (R, F), repeated."""

    features: torch.Tensor
    count: int


Asked = Command | RecordWith | FillWith


class Inbox(Generic[Packet]):
    """The queues of packets and commands, filled from any thread and emptied by the worker.

    Args:
        condition: held while anything here changes, and notified.
        live: packets are dropped while the session is paused or behind; otherwise `push` refuses
            packets for which there is no space.

    Attributes:
        ended: no more packets will come; those that wait are still worked on.
        closed: the session is over.
    """

    def __init__(
        self, stream: Stream[Packet], condition: threading.Condition, *, live: bool
    ) -> None:
        self.ended = self.closed = False
        self._stream = stream
        self._condition = condition
        self._live = live
        self._asked: deque[Asked] = deque()
        self._paused = False
        self._steps_due = 0

    @property
    def paused(self) -> bool:
        """Whether the session is paused; single steps that are asked for are done all the same."""
        return self._paused and not self._steps_due

    @property
    def has_packets(self) -> bool:
        """Whether packets wait."""
        return len(self._stream) > 0

    @property
    def has_asked(self) -> bool:
        """Whether something is to be done."""
        return bool(self._asked)

    @property
    def behind_s(self) -> float:
        """Media time that waits."""
        with self._condition:
            return self._stream.behind_s

    def push(self, packet: Packet, *, timeout_s: float = 0.0) -> bool:
        """Offer a packet; False when it was not taken."""
        deadline_s = time.monotonic() + timeout_s
        with self._condition:
            while not self._takes(packet):
                left_s = deadline_s - time.monotonic()
                if self._live or self.closed or self.ended or left_s <= 0:
                    return False
                self._condition.wait(left_s)
            self._condition.notify_all()
        return True

    def lose(self, amount: int) -> None:
        """So much of the medium, in the stream's own unit, was lost on its way here."""
        with self._condition:
            self._stream.lose(amount)

    def ask(self, asked: Asked, *, begins_anew: bool = False) -> None:
        """Have something done before the next token.

        Args:
            begins_anew: what waits now belongs to the stream before.

        Raises:
            ClaError: so much is waiting already that the sender must be at fault.
        """
        with self._condition:
            if len(self._asked) >= MAX_COMMANDS:
                raise ClaError("commands_too_many")
            self._asked.append(asked)
            if begins_anew:
                # Here, not in the worker: what comes after the command is new.
                self._stream.clear()
            self._condition.notify_all()

    def next_asked(self) -> Asked | None:
        """The oldest that is to be done; whether packets are taken follows it at once."""
        with self._condition:
            if not self._asked:
                return None
            asked = self._asked.popleft()
            match asked:
                case Pause():
                    self._paused = True
                case Resume():
                    self._paused, self._steps_due = False, 0
                case StepOnce():
                    self._steps_due += self._paused
                case _:
                    pass
            self._condition.notify_all()
        return asked

    def next_packet(self) -> Arrival[Packet] | None:
        """The oldest packet that waits."""
        with self._condition:
            arrival = self._stream.pop()
            self._condition.notify_all()
        return arrival

    def stepped(self) -> None:
        """A token was taken."""
        self._steps_due = max(self._steps_due - 1, 0)

    def finish(self) -> None:
        """Nothing more will come."""
        with self._condition:
            self.ended = True
            self._condition.notify_all()

    def close(self) -> None:
        """The session is over."""
        with self._condition:
            self.closed = True
            self._condition.notify_all()

    def abandon(self) -> None:
        """The worker is gone, and what waits with it."""
        with self._condition:
            self.closed = True
            self._stream.clear()
            waiting = [one.recorder for one in self._asked if isinstance(one, RecordWith)]
        for recorder in filter(None, waiting):
            recorder.close()

    def _takes(self, packet: Packet) -> bool:
        """Called with the condition held."""
        if self.closed or self.ended or self.paused:
            return False
        return self._stream.offer(packet, live=self._live)

"""How much a page may send."""

import time
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 256 * 1024
MAX_SESSIONS = 16
GRACE_S = 5.0
"""Time a session waits for its page to come back after a broken connection."""


@dataclass
class Allowance:
    """A leaky bucket: so much at once, and so much a second on average."""

    burst: float
    per_second: float

    def __post_init__(self) -> None:
        self._left = self.burst
        self._time = time.monotonic()

    def spend(self, amount: float) -> bool:
        """Whether `amount` was still allowed."""
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._time) * self.per_second)
        self._time = now
        if amount > self._left:
            return False
        self._left -= amount
        return True


def message_allowance() -> Allowance:
    """Messages of any kind: sound comes 25 times a second, an upload in a burst."""
    return Allowance(burst=2000, per_second=200)


def byte_allowance() -> Allowance:
    """Bytes: one upload of the largest size at once, and some seconds of sound a second."""
    return Allowance(burst=64 * 2**20, per_second=2 * 2**20)

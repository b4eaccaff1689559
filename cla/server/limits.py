"""How much a page may send, and how many pages there may be."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from cla.errors import ClaError

MAX_MESSAGE_BYTES = 256 * 1024
GRACE_S = 5.0
"""Time a session waits for its page, which has said goodbye, to be opened again."""
LOST_GRACE_S = 60.0
"""Time a session waits for its page after a broken connection, unless its place is needed."""
SESSIONS_VARIABLE = "CLA_MAX_SESSIONS"
MOST_SESSIONS = 64
"""Of a process, where the environment says nothing and their time is what counts."""
MAX_VISITS = 10_000


def max_sessions(environment: Mapping[str, str]) -> int | None:
    """Live sessions that this server takes at once, if its environment says so.

    Raises:
        ClaError: it says something else than a number.
    """
    wished = environment.get(SESSIONS_VARIABLE)
    if wished is None:
        return None
    if not wished.isdecimal() or int(wished) < 1:
        raise ClaError("sessions_variable_unfit", variable=SESSIONS_VARIABLE, value=wished)
    return int(wished)


@dataclass
class TokenBucket:
    """So much at once, and so much a second on average."""

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


def message_bucket() -> TokenBucket:
    """Messages of any kind: sound comes 13 times a second, an upload in a burst."""
    return TokenBucket(burst=2000, per_second=200)


def byte_bucket() -> TokenBucket:
    """Bytes: one upload of the largest size at once, and some seconds of sound a second."""
    return TokenBucket(burst=64 * 2**20, per_second=2 * 2**20)


def work_bucket() -> TokenBucket:
    """What a page may have done, in changes of lanes: one costs some milliseconds."""
    return TokenBucket(burst=200, per_second=20)

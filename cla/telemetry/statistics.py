"""Statistics of a stream of numbers, in bounded memory."""

from collections import deque

import numpy as np

WARM_UP = 5
"""First values left out: caches are cold, threads start, memory is first touched."""


class RunningStatistics:
    """Median and 95th percentile of the newest values, the first few excluded.

    Args:
        capacity: values kept.
        warm_up: first values left out.
    """

    def __init__(self, capacity: int = 50_000, warm_up: int = WARM_UP) -> None:
        self._values: deque[float] = deque(maxlen=capacity)
        self._to_skip = warm_up

    def add(self, value: float) -> None:
        """Take one value."""
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._values.append(value)

    def median(self) -> float | None:
        """The median, or None before any value counts."""
        return self._percentile(50)

    def p95(self) -> float | None:
        """The 95th percentile, or None before any value counts."""
        return self._percentile(95)

    def _percentile(self, percent: float) -> float | None:
        return float(np.percentile(np.array(self._values), percent)) if self._values else None

"""How often a lane that is slow can answer, from the times that its answers take."""

import math
from collections import deque

BESIDE_S = 0.008
"""A step that takes longer runs beside the other lanes, which do not wait for it."""
WITHIN_S = 0.003
"""An answer that takes less is no slow one."""
MULTIPLY_ADDS_A_SECOND = 8e9
"""By which the time of a step is guessed before it has been measured."""
SHARE = 0.9
"""Of the time between answers that an answer may take."""
FEW, STEADY = 3, 6
"""So many answers are a measurement; so many have to be faster before they are asked for sooner."""
CALM = 1_024
"""So many answers without a slow one, as at landmark ticks, let a lane answer within its step."""


class Pace:
    """Decides how a lane answers: within its step (0), or beside it one token of so many.

    Args:
        hop_s: time between tokens.
        multiply_adds: of a step; None where they are not counted.
    """

    def __init__(self, hop_s: float, multiply_adds: float | None) -> None:
        self._hop_s = hop_s
        self._guess_s = (multiply_adds or 0.0) / MULTIPLY_ADDS_A_SECOND
        self._took_s: deque[float] = deque(maxlen=STEADY)
        self._late = self._calm = 0

    def took(self, answer_s: float) -> None:
        """An answer took so long; one beside the lanes, with its wait for a processor."""
        self._took_s.append(answer_s)
        self._late = 0
        self._calm = self._calm + 1 if answer_s < WITHIN_S else 0

    def late(self, every: int, since_s: float) -> int:
        """How often to answer, where an answer is not there when it is due.

        The first time it may be a busy moment, and nothing but this answer is put off.

        Args:
            since_s: how long ago it was asked for.
        """
        self._late += 1
        return every if self._late == 1 else max(every, math.ceil(since_s / self._hop_s) + 1)

    def wanted(self, every: int) -> int:
        """How often to answer from now on; `every` while nothing speaks against it."""
        took = sorted(self._took_s)
        if len(took) < FEW:
            return max(every, self._needed(self._guess_s))
        usual, longest = self._needed(took[len(took) // 2]), self._needed(took[-1])
        if every == 0:
            return max(usual, min(longest, 1))
        if usual > every or len(took) < STEADY:
            return max(usual, every)
        return 0 if self._calm >= CALM else min(every, max(longest, 1))

    def _needed(self, answer_s: float) -> int:
        return math.ceil(answer_s / (SHARE * self._hop_s)) if answer_s > BESIDE_S else 0

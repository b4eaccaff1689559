"""Features made elsewhere on their way into a session, as sound would come."""

import itertools

import numpy as np
import torch
from numpy.typing import NDArray

from cla.engine.sound_stream import MAX_BEHIND_S
from cla.engine.stream import Arrival, Stream, Taken
from cla.types import Token


class FeatureStream(Stream[NDArray[np.float32]]):
    """Tokens (T, F) at the rate of their task; media time goes on over those that were dropped.

    Args:
        hop_s: time between two tokens.
    """

    def __init__(self, hop_s: float) -> None:
        super().__init__(capacity=max(1, round(MAX_BEHIND_S / hop_s)), size=len)
        self._hop_s = hop_s
        self.reset()

    @property
    def behind_s(self) -> float:
        return self._waiting_size * self._hop_s

    def take(self, arrival: Arrival[NDArray[np.float32]]) -> Taken:
        self._skipped += arrival.skipped
        return Taken([self._token(row) for row in arrival.packet])

    def flush(self) -> list[Token]:
        return []

    def reset(self) -> None:
        self._numbers = itertools.count()
        self._skipped = 0

    def _token(self, row: NDArray[np.float32]) -> Token:
        index = next(self._numbers)
        time_s = (index + 1 + self._skipped) * self._hop_s
        return Token(index, time_s, torch.from_numpy(row.copy()))

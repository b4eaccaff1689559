"""The newest tokens of a session, in one ring buffer that all lanes share."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cla.models import LONGEST_WINDOW, TaskModel

MAX_BYTES = 64 * 2**20
"""Of one session."""


class History:
    """A ring of feature tokens, from which the state of any lane can be made.

    It holds two of the longest windows for each layer, since landmark segments reach at most one
    window back before their own. Memory is taken from the system as tokens fill it.

    Attributes:
        count: tokens that were ever added.
        capacity: how many it holds.
    """

    def __init__(self, task: TaskModel) -> None:
        sizes = task.classifier.config
        most = MAX_BYTES // (4 * sizes.input_dim)
        self.capacity = min(2 * LONGEST_WINDOW * sizes.num_layers, most)
        self.count = 0
        self._ring = torch.empty(self.capacity, sizes.input_dim)
        self._rows = self._ring.numpy()  # the same memory, of which NumPy writes a row faster

    @property
    def size_bytes(self) -> int:
        """Memory of the ring once it is full."""
        return self._ring.nbytes

    def add(self, features: NDArray[np.float32]) -> None:
        """Keep a token (F,)."""
        self._rows[self.count % self.capacity] = features
        self.count += 1

    def newest(self, count: int) -> Tensor:
        """The newest tokens, (T, F), oldest first: so many, or all if there are fewer."""
        count = min(count, self.count, self.capacity)
        end = self.count % self.capacity
        if count <= end:
            return self._ring[end - count : end].clone()
        return torch.cat([self._ring[end - count :], self._ring[:end]])

    def put_before(self, features: Tensor, count: int) -> None:
        """Put `count` tokens before the oldest: rows of `features` (R, F), repeated to that number.

        The last row is the one just before what was heard.
        """
        heard = self.newest(self.capacity)
        room = min(count, self.capacity - len(heard))
        rows = torch.arange(-room, 0) % len(features)
        self.count += count
        kept = torch.cat([features[rows], heard])
        self._ring[torch.arange(self.count - len(kept), self.count) % self.capacity] = kept

    def clear(self) -> None:
        """Forget everything."""
        self.count = 0

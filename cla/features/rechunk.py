"""Packets of any size in, hops of one size out."""

import numpy as np
from numpy.typing import NDArray


class Rechunker:
    """Cuts a stream of samples into hops, sample exact: no sample is lost, doubled or moved."""

    def __init__(self, hop_samples: int) -> None:
        if hop_samples < 1:
            raise ValueError(f"hop_samples must be at least 1, not {hop_samples}")
        self.hop_samples = hop_samples
        self.reset()

    def reset(self) -> None:
        """Begins a new stream."""
        self._pending: list[NDArray[np.float32]] = []
        self._pending_samples = 0

    def flush(self) -> list[NDArray[np.float32]]:
        """Ends the stream; samples that do not fill a hop are dropped."""
        self.reset()
        return []

    def push(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Takes a packet and returns the hops it completes, oldest first.

        Shapes:
            samples: (S,) with any S, zero included.
            returns: each (hop_samples,).
        """
        # A copy, because the caller may fill the same buffer again before the hop is complete.
        self._pending.append(samples.copy())
        self._pending_samples += len(samples)
        if self._pending_samples < self.hop_samples:
            return []
        joined = np.concatenate(self._pending)
        whole = len(joined) - len(joined) % self.hop_samples
        self._pending = [joined[whole:].copy()]
        self._pending_samples = len(joined) - whole
        return list(joined[:whole].reshape(-1, self.hop_samples))

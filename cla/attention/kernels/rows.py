"""Attention rows of states as arrays, one token after the other."""

from typing import Any

import numpy as np

from cla.attention.config import AttentionConfig
from cla.attention.kernels.arrays import Arrays
from cla.attention.kernels.newest_row import low_rank_row, softmax_row
from cla.attention.rings import column_stride


class NewestRow:
    """Rows of the states of one layer, one token after the other.

    Of low rank the exponentials of the window are kept: where it is told of every token, only those
    of the new token are computed, and at a landmark tick those of the new landmark.
    """

    def __init__(self, config: AttentionConfig) -> None:
        self._config, self._arrays = config, Arrays()
        self._ring = np.empty((0, 0, 0, 0))
        self._known: Any = None
        self._place: tuple[Any, ...] = ()

    def of(self, state: Any) -> Any:
        """Attention (B, H, N) float32, oldest token first, zero what is unseen, an array.

        None where exponentials would overflow, and of low rank with landmarks of a short window.

        Args:
            state: not one that was here before, is here again and has taken tokens in between.
        """
        config, batch = self._config, len(state.slot)
        arrays = self._arrays.of(state)
        row = np.empty((batch, config.num_heads, config.window), np.float32)
        if not config.landmarks:
            if arrays[2].shape == arrays[3].shape and arrays[3].shape[2] == config.window:
                for stream in range(batch):
                    window_row(row[stream], *(part[stream] for part in arrays[:4]))
                return row
            softmax_row(arrays[0], arrays[1], arrays[2], arrays[3], row)
            return row
        place = tuple(arrays[0].tolist()), tuple(arrays[1].tolist())
        continual = config.landmark_mode == "continual"
        if continual and min(place[0]) < config.window:  # cut into landmarks of its own
            self._known = None
            return None
        follows = arrays is self._known and place == self._place
        self._known, self._place = arrays, self._next(*place)
        if not follows:
            columns = column_stride(config.window)
            self._ring = np.empty((batch, config.num_heads, config.landmarks, columns))
        if low_rank_row(*arrays[:4], *arrays[5:9], self._ring, follows, continual, row):
            return row
        self._known = None
        return None

    def _next(self, valid: tuple[int, ...], slots: tuple[int, ...]) -> tuple[Any, ...]:
        """Counters of a state after one more token of every stream."""
        window = self._config.window
        return (
            tuple(min(one + 1, window) for one in valid),
            tuple((one + 1) % window for one in slots),
        )


def window_row(row: Any, seen: int, slot: int, queries: Any, keys: Any) -> None:
    """Of one stream that keeps its window row by row.

    Shapes:
        row: (H, N) float32, to be written
        queries, keys: (H, N, D), rings
    """
    weights = (keys @ queries[:, slot - 1, :, None])[..., 0]
    weights[:, seen:] = -np.inf
    np.exp(weights - weights.max(1, keepdims=True), out=weights)
    weights /= weights.sum(1, keepdims=True)
    # Places from `slot` on are the oldest, or unseen.
    row[:] = np.concatenate((weights[:, slot:], weights[:, :slot]), 1)

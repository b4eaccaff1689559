"""Projection of a single token: float32 weights, float64 sums, no converted copy of the weights."""

import numpy as np
from numba import carray, njit

from cla.attention.fused.pointers import pointer


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def project(batch, size, x_at, weights_at, bias_at, scale, out_at):
    """out = (x W^T + b) * scale, (batch, size) each, out in float64."""
    x = carray(pointer(x_at), (batch, size), np.float32)
    weights = carray(pointer(weights_at), (size, size), np.float32)
    bias = carray(pointer(bias_at), size, np.float32)
    out = carray(pointer(out_at), (batch, size), np.float64)
    for stream in range(batch):
        for row in range(size):
            total = 0.0
            for column in range(size):
                total += np.float64(weights[row, column]) * np.float64(x[stream, column])
            out[stream, row] = (total + bias[row]) * scale

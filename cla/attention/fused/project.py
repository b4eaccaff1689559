"""Projection of a single token: float32 weights, float64 sums, no converted copy of the weights."""

import numpy as np
from numba import carray, njit

from cla.attention.fused.pointers import pointer
from cla.attention.fused.sums import place


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def project(batch, size, x_at, weights_at, bias_at, scale, out_at):
    """out = (x W^T + b) * scale, (batch, size) each, out in float64."""
    x = carray(pointer(x_at), (batch, size), np.float32)
    weights = carray(pointer(weights_at), size * size, np.float32)
    bias = carray(pointer(bias_at), size, np.float32)
    out = carray(pointer(out_at), (batch, size), np.float64)
    token = np.empty(size)
    for stream in range(batch):
        for column in range(size):
            token[column] = x[stream, column]
        for row in range(size):
            total = 0.0
            start = place(row * size)
            for column in range(place(size)):
                total += weights[start + column] * token[column]
            out[stream, row] = (total + bias[row]) * scale

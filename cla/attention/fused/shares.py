"""Softmax over the landmarks, and what a token's row of it makes of delta V."""

import numpy as np

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import ONE, ZERO, place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.matrix import row_times, times_column


@kernel(fastmath={"reassoc", "contract"})
def shares(beta, work, queries, query_at, keys, keys_at, count, marks, size):
    """beta = softmax(Q K~^T) of neighboring queries of a head, (count, M)."""
    stride = place(marks)
    for row in range(count):
        times_column(beta, row * marks, keys, keys_at, queries, query_at + row * size, marks, size)
        at = place(row) * stride
        largest = -np.inf
        for mark in range(stride):
            largest = max(largest, beta[at + mark])
        for mark in range(stride):
            beta[at + mark] -= largest
    exponentials(beta, count * marks, work)
    for row in range(place(count)):
        at = row * stride
        total = 0.0
        for mark in range(stride):
            total += beta[at + mark]
        share = 1.0 / total
        for mark in range(stride):
            beta[at + mark] *= share


@kernel()
def mix(sizes, arrays, room, unit, queries, query_at, means, out, out_at):
    """out = beta gamma_inv (delta V), from the left, of one token of a head.

    Args:
        unit: which head, of all streams.
        means: delta V, (B, H, D, M).
    """
    marks, size = sizes.marks, sizes.size
    part = unit * marks * size
    shares(room.beta, room.work, queries, query_at, arrays.mark_keys, part, ONE, marks, size)
    row_times(
        room.weights, ZERO, room.beta, ZERO, arrays.inverse, unit * marks * marks, marks, marks
    )
    times_column(out, out_at, means, part, room.weights, ZERO, size, marks)

"""Projections of single tokens: float32 weights, float64 sums, no converted copy of the weights."""

import numpy as np
from numba import carray

from cla.attention.fused.index import place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.pointers import pointer


@kernel(fastmath={"reassoc", "contract"})
def _apply(weights_at, bias_at, scale, token, out, start):
    """out[start:] = (W token + b) * scale."""
    size = len(token)
    weights = carray(pointer(weights_at), size * size, np.float32)
    bias = carray(pointer(bias_at), size, np.float32)
    columns, pairs = place(size), place(size // 2 * 2)
    for row in range(place(0), pairs, place(2)):
        first, second = 0.0, 0.0
        at = row * columns
        for column in range(columns):
            first += weights[at + column] * token[column]
            second += weights[at + columns + column] * token[column]
        out[place(start) + row] = (first + bias[row]) * scale
        out[place(start) + row + place(1)] = (second + bias[row + place(1)]) * scale
    for row in range(pairs, columns):
        total = 0.0
        for column in range(columns):
            total += weights[row * columns + column] * token[column]
        out[place(start) + row] = (total + bias[row]) * scale


@kernel()
def project(batch, size, single, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
            value_bias_at, scale, out_at):  # fmt: skip
    """Queries and keys times `scale`, and values, (3, batch, size); float32 if `single`."""
    if single:
        out = carray(pointer(out_at), 3 * batch * size, np.float32)
        project_into(batch, size, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
                 value_bias_at, scale, out)  # fmt: skip
    else:
        wide = carray(pointer(out_at), 3 * batch * size, np.float64)
        project_into(batch, size, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
                 value_bias_at, scale, wide)  # fmt: skip


@kernel()
def project_into(batch, size, x_at, query_at, query_bias_at, key_at, key_bias_at, value_at,
                 value_bias_at, scale, out):  # fmt: skip
    """`project` with an array in place of an address."""
    x = carray(pointer(x_at), (batch, size), np.float32)
    token = np.empty(size)
    for stream in range(batch):
        for column in range(size):
            token[column] = x[stream, column]
        _apply(query_at, query_bias_at, scale, token, out, stream * size)
        _apply(key_at, key_bias_at, scale, token, out, (batch + stream) * size)
        _apply(value_at, value_bias_at, 1.0, token, out, (2 * batch + stream) * size)


@kernel()
def finish(batch, size, x_at, weights_at, bias_at, out_at):
    """Output projection of contexts (batch, size) float64 to float32."""
    finish_from(
        batch, size, carray(pointer(x_at), batch * size, np.float64), weights_at, bias_at, out_at
    )


@kernel()
def finish_from(batch, size, x, weights_at, bias_at, out_at):
    """`finish` with an array in place of an address."""
    out = carray(pointer(out_at), batch * size, np.float32)
    for stream in range(batch):
        start = stream * size
        _apply(weights_at, bias_at, 1.0, x[start : start + size], out, start)

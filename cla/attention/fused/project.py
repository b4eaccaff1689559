"""Projections of single tokens: float32 weights of which no wider copy is made.

Queries and keys are summed in float64, because gamma's inverse would multiply their errors; values
and outputs in float32, as in PyTorch.
"""

import numpy as np
from numba import carray

from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.lanes import STEP, spread
from cla.attention.fused.matrix import times_column
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto
from cla.attention.projected import LARGEST


@kernel(_nrt=True)  # makes arrays from addresses
def _apply_wide(weights_at, bias_at, scale, token, out, start):
    """out[start:] = (W token + b) * scale, in float64."""
    size = len(token)
    weights = carray(pointer(weights_at), size * size, np.float32)
    bias = carray(pointer(bias_at), size, np.float32)
    times_column(out, start, weights, ZERO, token, ZERO, size, size)
    for row in range(place(0), place(size), STEP):
        some, at = upto(place(size) - row), place(start) + row
        store(out, at, some, (load(out, at, some) + load(bias, row, some)) * spread(scale))


@kernel(fastmath={"reassoc", "contract"}, _nrt=True)  # as above
def _apply(weights_at, bias_at, token, out, start):
    """out[start:] = W token + b, in float32; four rows at a time."""
    size, zero = len(token), np.float32(0)
    weights = carray(pointer(weights_at), size * size, np.float32)
    bias = carray(pointer(bias_at), size, np.float32)
    columns, quads, target = place(size), place(size // 4 * 4), place(start)
    for row in range(place(0), quads, place(4)):
        first, second, third, fourth = zero, zero, zero, zero
        at = row * columns
        for column in range(columns):
            part = token[column]
            first += weights[at + column] * part
            second += weights[at + columns + column] * part
            third += weights[at + place(2) * columns + column] * part
            fourth += weights[at + place(3) * columns + column] * part
        out[target + row] = first + bias[row]
        out[target + row + place(1)] = second + bias[row + place(1)]
        out[target + row + place(2)] = third + bias[row + place(2)]
        out[target + row + place(3)] = fourth + bias[row + place(3)]
    for row in range(quads, columns):
        total = zero
        for column in range(columns):
            total += weights[row * columns + column] * token[column]
        out[target + row] = total + bias[row]


@kernel()
def _mark_bad(out, start, stride, count):
    """`cla.attention.projected.mark_bad` of a token's queries, keys and values."""
    good = True
    for part in range(place(3)):
        at = place(start) + part * place(stride)
        for column in range(place(count)):
            good &= abs(out[at + column]) <= LARGEST
    if not good:
        for part in range(place(3)):
            at = place(start) + part * place(stride)
            for column in range(place(count)):
                out[at + column] = np.nan


@entry()
def project(batch, heads, size, x_at, weights, out_at):
    """Scaled queries and keys, and values, (3, B, E) float64.

    Args:
        weights: see `weights.Weights`.
    """
    count = 3 * batch * heads * size
    project_into(batch, heads, size, x_at, weights, carray(pointer(out_at), count, np.float64))


@entry(inline="always")
def project_into(batch, heads, size, x_at, weights, out):
    """`project` with an array in place of an address."""
    embed, scale = heads * size, size**-0.25
    x = carray(pointer(x_at), batch * embed, np.float32)
    wide = np.empty(embed)  # not converted again for every row
    for stream in range(batch):
        token = x[stream * embed : (stream + 1) * embed]
        for column in range(embed):
            wide[column] = token[column]
        _apply_wide(weights[0], weights[1], scale, wide, out, stream * embed)
        _apply_wide(weights[2], weights[3], scale, wide, out, (batch + stream) * embed)
        _apply(weights[4], weights[5], token, out, (2 * batch + stream) * embed)
        _mark_bad(out, stream * embed, batch * embed, embed)


@entry()
def finish(batch, embed, x_at, weights, out_at):
    """Output projection, in float32, of contexts (B, E) float64."""
    finish_from(batch, embed, carray(pointer(x_at), batch * embed, np.float64), weights, out_at)


@entry(inline="always")
def finish_from(batch, embed, x, weights, out_at):
    """`finish` with an array in place of an address."""
    out = carray(pointer(out_at), batch * embed, np.float32)
    token = np.empty(embed, np.float32)
    for stream in range(batch):
        start = stream * embed
        for column in range(embed):
            token[column] = x[start + column]
        _apply(weights[6], weights[7], token, out, start)

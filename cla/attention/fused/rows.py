"""All rows of a window under low-rank attention, from its ring of beta."""

import numpy as np
from numba import carray

from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import entry, inlined, kernel
from cla.attention.fused.lanes import COUNT, spread
from cla.attention.fused.matrix import times_column
from cla.attention.fused.nystrom_arrays import Sizes, arrays_of
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto


@entry()
def mix_rows_at(shape, kind, state_at, means_at, out_at):
    """`mix_rows` with addresses in place of arrays; contexts are of a kind, float32 or float64."""
    sizes = Sizes(*shape)
    arrays, units = arrays_of(sizes, state_at), sizes.batch * sizes.heads * sizes.size
    means = carray(pointer(means_at), units * sizes.marks, np.float64)
    mix_rows(sizes, arrays, means, carray(pointer(out_at), units * sizes.stride, kind))


@entry(inline="always")
def mix_rows(sizes, arrays, means, out):
    """Contexts beta gamma_inv (delta V) of all rows, (B, H, D, stride), N of them oldest first.

    They are zero where no token was seen.

    Args:
        means: delta V, (B, H, D, M).

    Returns:
        How many windows are not full.
    """
    return mix_all(sizes, arrays, means, np.empty(sizes.size * sizes.marks), out)


@kernel()
def mix_all(sizes, arrays, means, mixed, out):
    """`mix_rows` with room for gamma_inv (delta V) of a head, (D, M)."""
    heads, window, marks, size = sizes.heads, sizes.window, sizes.marks, sizes.size
    stride = sizes.stride
    short = 0
    for stream in range(sizes.batch):
        seen, slot = arrays.valid[stream], arrays.slots[stream]
        if seen < window:
            short += 1
            clear_run(out, stream * heads * size * stride, heads * size * stride)
        for unit in range(stream * heads, (stream + 1) * heads):
            for column in range(size):
                times_column(
                    mixed, column * marks, arrays.inverse, unit * marks * marks, means,
                    (unit * size + column) * marks, marks, marks,
                )  # fmt: skip
            # Places from `slot` on are the oldest.
            for begin, end, shift in ((slot, seen, -slot), (0, slot, window - slot)):
                for token in range(begin, end, COUNT):
                    _mix_tokens(
                        out, unit * size * stride + token + shift, arrays.betas,
                        unit * (marks + 1) * stride + token, stride, mixed, marks, size,
                        end - token,
                    )  # fmt: skip
    return short


@inlined()
def _mix_tokens(out, out_at, betas, betas_at, apart, mixed, marks, size, count):
    """Contexts of neighboring tokens: `mixed` weighed by their betas, four columns at a time."""
    stride, rows, columns, some = place(apart), place(marks), place(size), upto(count)
    first, target = place(betas_at), place(out_at)
    quads = place(size // 4 * 4)
    for column in range(place(0), quads, place(4)):
        a = b = c = d = spread(0.0)
        at, source = first, column * rows
        for _ in range(rows):
            beta = load(betas, at, some)
            a += spread(mixed[source]) * beta
            b += spread(mixed[source + rows]) * beta
            c += spread(mixed[source + place(2) * rows]) * beta
            d += spread(mixed[source + place(3) * rows]) * beta
            at, source = at + stride, source + place(1)
        for found in (a, b, c, d):
            store(out, target, some, found)
            target += stride
    for column in range(quads, columns):
        a, at = spread(0.0), first
        for mark in range(rows):
            a += spread(mixed[column * rows + mark]) * load(betas, at, some)
            at += stride
        store(out, target, some, a)
        target += stride

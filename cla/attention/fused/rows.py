"""All rows of a window under low-rank attention, from its ring of beta."""

import numpy as np
from numba import carray

from cla.attention.fused.index import clear_run, place, quad
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.matrix import times_column
from cla.attention.fused.nystrom_arrays import Sizes, arrays_of
from cla.attention.fused.pointers import pointer

TILE = 64
"""Tokens worked on at once."""


@entry()
def mix_rows_at(shape, single, state_at, means_at, out_at):
    """`mix_rows` with addresses in place of arrays; contexts are float32 if `single`."""
    sizes = Sizes(*shape)
    arrays, units = arrays_of(sizes, state_at), sizes.batch * sizes.heads * sizes.size
    means = carray(pointer(means_at), units * sizes.marks, np.float64)
    if single:
        mix_rows(sizes, arrays, means, carray(pointer(out_at), units * sizes.window, np.float32))
    else:
        mix_rows(sizes, arrays, means, carray(pointer(out_at), units * sizes.window, np.float64))


@entry(inline="always")
def mix_rows(sizes, arrays, means, out):
    """Contexts beta gamma_inv (delta V) of all rows, (B, H, D, N), oldest first.

    They are zero where no token was seen.

    Args:
        means: delta V, (B, H, D, M).

    Returns:
        How many windows are not full.
    """
    heads, window, marks, size = sizes.heads, sizes.window, sizes.marks, sizes.size
    mixed, tile = np.empty(size * marks), np.empty(size * TILE)
    short = 0
    for stream in range(sizes.batch):
        seen, slot = arrays.valid[stream], arrays.slots[stream]
        if seen < window:
            short += 1
            clear_run(out, stream * heads * size * window, heads * size * window)
        for unit in range(stream * heads, (stream + 1) * heads):
            for column in range(size):
                times_column(
                    mixed, column * marks, arrays.inverse, unit * marks * marks, means,
                    (unit * size + column) * marks, marks, marks,
                )  # fmt: skip
            for start in range(0, seen, TILE):
                count = min(TILE, seen - start)
                betas_at = unit * marks * window + start
                _mix_tile(tile, arrays.betas, betas_at, window, mixed, marks, size, count)
                # Places from `slot` on are the oldest: a tile that it cuts lies in two runs.
                split = min(max(slot - start, 0), count)
                for begin, end, shift in ((0, split, window - slot), (split, count, -slot)):
                    for column in range(place(size)):
                        source = column * place(TILE) + place(begin)
                        at = place(unit * size * window + start + begin + shift)
                        at += column * place(window)
                        for token in range(place(end - begin)):
                            out[at + token] = tile[source + token]
    return short


@kernel(fastmath={"reassoc", "contract"})
def _mix_tile(tile, betas, betas_at, window, mixed, marks, size, count):
    """tile (D, TILE) = the contexts of neighboring tokens: `mixed` weighed by their betas."""
    first, stride, columns, tokens = place(betas_at), place(window), place(size), place(count)
    quads, pairs = place(marks // 4 * 4), place(size // 2 * 2)
    for column in range(columns):
        clear_run(tile, column * place(TILE), count)
    for mark in range(place(0), quads, place(4)):
        at = first + mark * stride
        second, third, fourth = at + stride, at + place(2) * stride, at + place(3) * stride
        # Two columns at a time: half as often are the betas read.
        for column in range(place(0), pairs, place(2)):
            left, right = column * place(TILE), (column + place(1)) * place(TILE)
            source = column * place(marks) + mark
            a, b, c, d = quad(mixed, source)
            e, f, g, h = quad(mixed, source + place(marks))
            for token in range(tokens):
                one, two = betas[at + token], betas[second + token]
                three, last = betas[third + token], betas[fourth + token]
                tile[left + token] += a * one + b * two + c * three + d * last
                tile[right + token] += e * one + f * two + g * three + h * last
        for column in range(pairs, columns):
            for row in range(place(4)):
                _add_weighed(
                    tile, column * place(TILE), betas, at + row * stride,
                    mixed[column * place(marks) + mark + row], tokens,
                )  # fmt: skip
    for mark in range(quads, place(marks)):
        for column in range(columns):
            _add_weighed(
                tile, column * place(TILE), betas, first + mark * stride,
                mixed[column * place(marks) + mark], tokens,
            )  # fmt: skip


@kernel(inline="always")
def _add_weighed(target, at, source, start, share, count):
    for index in range(count):
        target[at + index] += share * source[start + index]

"""All rows of a window under low-rank attention: the ring of beta, and what follows from it."""

import numpy as np
from numba import carray

from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import kernel
from cla.attention.fused.nystrom import product, shares
from cla.attention.fused.pointers import pointer

TILE = 64
"""Tokens worked on at once."""


@kernel()
def write_betas(
    batch, heads, window, marks, size, new_queries, active_at, slot_at, mark_keys_at, betas_at
):
    """The newest tokens (B, H, D) into the ring of beta; `slot` is the place of the next token."""
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    mark_keys = carray(pointer(mark_keys_at), batch * heads * marks * size, np.float64)
    betas = carray(pointer(betas_at), batch * heads * window * marks, np.float64)
    beta, work = np.empty(marks), np.empty(marks)
    for stream in range(batch):
        if not (everyone or active[stream]):
            continue
        slot = (slots[stream] + window - 1) % window
        for head in range(heads):
            unit = stream * heads + head
            shares(
                beta, work, new_queries, unit * size, mark_keys, unit * marks * size, marks, size
            )
            for mark in range(marks):
                betas[(unit * marks + mark) * window + slot] = beta[mark]


@kernel()
def write_betas_at(
    batch, heads, window, marks, size, new_queries_at, active_at, slot_at, mark_keys_at, betas_at
):
    """`write_betas` with an address in place of an array."""
    write_betas(
        batch, heads, window, marks, size,
        carray(pointer(new_queries_at), batch * heads * size, np.float64),
        active_at, slot_at, mark_keys_at, betas_at,
    )  # fmt: skip


@kernel()
def mix_rows(
    batch, heads, window, marks, size, single, slot_at, valid_at, betas_at, inverse_at, means_at,
    out_at,
):  # fmt: skip
    """Contexts beta gamma_inv (delta V) of all rows seen, (B, H, D, N), oldest first.

    They are float32 if `single`, else float64; zero where no token was seen.
    """
    size_of_all = batch * window * heads * size
    means = carray(pointer(means_at), batch * heads * marks * size, np.float64)
    if single:
        mix(
            batch, heads, window, marks, size, slot_at, valid_at, betas_at, inverse_at, means,
            carray(pointer(out_at), size_of_all, np.float32),
        )  # fmt: skip
    else:
        mix(
            batch, heads, window, marks, size, slot_at, valid_at, betas_at, inverse_at, means,
            carray(pointer(out_at), size_of_all, np.float64),
        )  # fmt: skip


@kernel()
def mix(
    batch, heads, window, marks, size, slot_at, valid_at, betas_at, inverse_at, means, out,
):  # fmt: skip
    """`mix_rows` with arrays in place of addresses; returns how many windows are not full."""
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    betas = carray(pointer(betas_at), batch * heads * window * marks, np.float64)
    inverse = carray(pointer(inverse_at), batch * heads * marks * marks, np.float64)
    mixed, tile = np.empty(marks * size), np.empty(size * TILE)
    short = 0
    for stream in range(batch):
        seen, slot = valid[stream], slots[stream]
        if seen < window:
            short += 1
            clear_run(out, stream * heads * size * window, heads * size * window)
        for head in range(heads):
            unit = stream * heads + head
            for mark in range(marks):
                product(
                    mixed, mark * size, inverse, (unit * marks + mark) * marks, means,
                    unit * marks * size, marks, size,
                )  # fmt: skip
            for start in range(0, seen, TILE):
                count = min(TILE, seen - start)
                _mix_tile(
                    tile, betas, unit * marks * window + start, window, mixed, marks, size, count
                )
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
        at, source = first + mark * stride, mark * columns
        second, third, fourth = at + stride, at + place(2) * stride, at + place(3) * stride
        # Two columns at a time: half as often are the betas read.
        for column in range(place(0), pairs, place(2)):
            left, right = column * place(TILE), (column + place(1)) * place(TILE)
            a, b = mixed[source + column], mixed[source + columns + column]
            c = mixed[source + place(2) * columns + column]
            d = mixed[source + place(3) * columns + column]
            e, f = mixed[source + column + place(1)], mixed[source + columns + column + place(1)]
            g = mixed[source + place(2) * columns + column + place(1)]
            h = mixed[source + place(3) * columns + column + place(1)]
            for token in range(tokens):
                one, two = betas[at + token], betas[second + token]
                three, four = betas[third + token], betas[fourth + token]
                tile[left + token] += a * one + b * two + c * three + d * four
                tile[right + token] += e * one + f * two + g * three + h * four
        for column in range(pairs, columns):
            for row in range(place(4)):
                _add_weighed(
                    tile, column * place(TILE), betas, at + row * stride,
                    mixed[source + row * columns + column], tokens,
                )  # fmt: skip
    for mark in range(quads, place(marks)):
        for column in range(columns):
            _add_weighed(
                tile, column * place(TILE), betas, first + mark * stride,
                mixed[mark * columns + column], tokens,
            )  # fmt: skip


@kernel(inline="always")
def _add_weighed(target, at, source, start, share, count):
    for index in range(count):
        target[at + index] += share * source[start + index]

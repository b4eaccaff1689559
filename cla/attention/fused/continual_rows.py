"""Continual attention, retroactive: the sums of all rows, by one token.

Sums of rows lie column by column, (D + 3, stride) for a head: lanes are tokens, of which there are
many. They go in tiles of tokens that stay in the cache.
"""

import numpy as np
from numba import carray

from cla.attention.fused.continual import sum_row
from cla.attention.fused.exponentials import exponential
from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.lanes import STEP, larger, largest, only, spread, total
from cla.attention.fused.nystrom_arrays import active_of
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto

LEAST_SHARE = 1e-6
"""As in `cla.attention.continual`; a constant of the compiled code."""

TILE = 64
"""Tokens worked on at once."""

HIGHEST = 30.0
"""A row's shift follows its logits only where one is larger by this: e^30 is no burden to float64,
and exponentials of what changes at every token would be."""


@entry()
def advance_rows(
    batch, heads, window, size, kind, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, queries_at, keys_at, values_at, rows_at, stride, out_at,
):  # fmt: skip
    """Rings as in `advance_newest`, queries and rows of `ContinualState`, and all contexts.

    Contexts are (B, H, D, stride), N of them oldest first, of the type of the tokens; zero of idle
    streams.
    """
    tokens, columns = batch * heads * size, batch * heads * size * stride
    all_rows(
        batch, heads, window, size, active_at, slot_at, valid_at,
        carray(pointer(new_queries_at), tokens, kind), carray(pointer(new_keys_at), tokens, kind),
        carray(pointer(new_values_at), tokens, kind), carray(pointer(queries_at), columns, kind),
        carray(pointer(keys_at), tokens * window, kind),
        carray(pointer(values_at), tokens * window, kind),
        carray(pointer(rows_at), batch * heads * stride * (size + 3), np.float64), stride,
        carray(pointer(out_at), columns, kind),
    )  # fmt: skip


@entry(inline="always")
def all_rows(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, queries, keys, values, rows, stride, out,
):  # fmt: skip
    """`advance_rows` with arrays in place of addresses; returns how many windows are not full."""
    return attend_all(
        (batch, heads, window, size), active_of(active_at, batch),
        carray(pointer(slot_at), batch, np.int64), carray(pointer(valid_at), batch, np.int64),
        (new_queries, new_keys, new_values), (queries, keys, values), rows,
        (np.empty(5 * size), np.empty(size + 1), np.empty(window), np.empty(2 * TILE)), stride, out,
    )  # fmt: skip


@kernel()
def attend_all(shape, active, slots, valid, new, rings, rows, room, stride, out):
    """`all_rows` with room: two tokens and a query, a row's sums, its logits, those of a tile."""
    batch, heads, window, size = shape
    (new_queries, new_keys, new_values), (queries, keys, values) = new, rings
    pair, sums, logits, weights = room
    short = 0
    for stream in range(batch):
        out_at, out_count = stream * heads * size * stride, heads * size * stride
        if len(active) and not active[stream]:
            clear_run(out, out_at, out_count)
            continue
        slot, before = slots[stream], valid[stream]
        seen = min(window, before + 1)
        after = (slot + 1) % window
        slots[stream], valid[stream] = after, seen
        if seen < window:
            short += 1
            clear_run(out, out_at, out_count)
        for head in range(heads):
            unit = stream * heads + head
            ring_at, base = unit * window * size, unit * stride * (size + 3)
            queries_at = unit * size * stride
            at = ring_at + slot * size
            for column in range(size):
                pair[size + column], pair[3 * size + column] = (
                    keys[at + column],
                    values[at + column],
                )
                queries[queries_at + column * stride + slot] = new_queries[unit * size + column]
                keys[at + column] = new_keys[unit * size + column]
                values[at + column] = new_values[unit * size + column]
                pair[column], pair[2 * size + column] = keys[at + column], values[at + column]
            start = 0
            while start < seen:
                end = min(start // TILE * TILE + TILE, seen)
                # Places from `after` on are the oldest: a tile that it cuts lies in two runs.
                if start < after < end:
                    end = after
                target = out_at + head * size * stride - after
                if start < after:
                    target += window
                sound = _slide(
                    rows, base + start, stride, size, end - start, queries, queries_at + start,
                    pair, before == window, weights, out, target + start,
                )  # fmt: skip
                first, last = (max(start, slot), min(end, slot + 1)) if sound else (start, end)
                for token in range(first, last):
                    if token == slot or not _sound(rows, base + token, stride, size):
                        _sum_anew(
                            rows, base, stride, size, token, queries, queries_at, keys, values,
                            ring_at, seen, (pair, sums, logits), out, target,
                        )  # fmt: skip
                start = end
    return short


@kernel(inline="always")
def _sound(rows, at, stride, size):
    """Whether a row's weight is no mere rest; a row that is no number is not sound."""
    return rows[at + (size + 1) * stride] >= LEAST_SHARE * rows[at + (size + 2) * stride]


@kernel()
def _sum_anew(
    rows, base, stride, size, token, queries, queries_at, keys, values, ring_at, seen, room, out,
    out_at,
):  # fmt: skip
    """One row of a head from its window, with room for its query, its sums and its logits."""
    pair, sums, logits = room
    for column in range(size):
        pair[4 * size + column] = queries[queries_at + column * stride + token]
    rows[base + token] = sum_row(sums, pair, 4 * size, keys, values, ring_at, size, seen, logits)
    for column in range(size + 1):
        rows[base + (column + 1) * stride + token] = sums[column]
    rows[base + (size + 2) * stride + token] = sums[size]
    for column in range(size):
        out[out_at + column * stride + token] = sums[column] / sums[size]


@kernel()
def _slide(
    rows, rows_at, apart, size, count, queries, queries_at, pair, leaving, weights, out, out_at
):  # fmt: skip
    """The new token into a tile of rows of a head and, if `leaving`, the oldest one out.

    Their contexts, (D, count), are right where rows are sound.

    Args:
        pair: new key, old key, new value, old value, one after the other.
        weights: room for those of the new token and of the old one, one tile after the other.

    Returns:
        Whether all rows are sound.
    """
    first, end, columns, stride = place(rows_at), place(count), place(size), place(apart)
    excess = spread(-np.inf)
    for token in range(place(0), end, STEP):
        some, at = upto(end - token), place(queries_at) + token
        enter = leave = spread(0.0)
        for column in range(columns):
            query = load(queries, at, some)
            enter += query * spread(pair[column])
            leave += query * spread(pair[columns + column])
            at += stride
        store(weights, token, some, enter)
        store(weights, place(TILE) + token, some, leave)
        excess = larger(excess, only(enter - load(rows, first + token, some), some, -np.inf))
    if largest(excess) > HIGHEST:
        for token in range(end):
            more = weights[token] - rows[first + token]
            if more > HIGHEST:
                rows[first + token] += more
                keep = np.exp(-more)
                for column in range(place(1), columns + place(3)):
                    rows[first + column * stride + token] *= keep
    missing, sums = spread(-np.inf), spread(0.0)
    for token in range(place(0), end, STEP):
        some, row, target = upto(end - token), first + token, place(out_at) + token
        shift = load(rows, row, some)
        enter = exponential(load(weights, token, some) - shift)
        leave = exponential(load(weights, place(TILE) + token, some) - shift)
        if not leaving:
            leave = spread(0.0)
        row_weight = row + (columns + place(1)) * stride
        weight = load(rows, row_weight, some) + enter - leave
        store(rows, row_weight, some, weight)
        scale = spread(1.0) / weight
        for column in range(columns):
            row += stride
            new = enter * spread(pair[place(2) * columns + column])
            old = leave * spread(pair[place(3) * columns + column])
            found = load(rows, row, some) + new - old
            store(rows, row, some, found)
            store(out, target, some, found * scale)
            target += stride
        peak = larger(load(rows, row_weight + stride, some), weight)
        store(rows, row_weight + stride, some, peak)
        missing = larger(missing, peak * spread(LEAST_SHARE) - weight)
        sums += weight
    # A sum that is no number is not at least 0.
    return largest(missing) <= 0.0 and total(sums) >= 0.0

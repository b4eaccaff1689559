"""Continual attention, retroactive: the sums of all rows, by one token.

Sums of rows lie column by column, (D + 3, stride) for a head: lanes are tokens, of which there are
many. They go in tiles of tokens that stay in the cache.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray

from cla.attention.fused.continual import sum_row
from cla.attention.fused.exponentials import exponential
from cla.attention.fused.index import clear_run, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.lanes import STEP, larger, largest, only, spread, total
from cla.attention.fused.nystrom_arrays import active_of, check_counters
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto

LEAST_SHARE = 1e-7
"""As in `cla.attention.continual`; a constant of the compiled code."""

TILE = 64
"""Tokens worked on at once."""

HIGHEST = 30.0
"""A row's shift follows its logits only where one is larger by this: e^30 is no burden to float64,
and exponentials of what changes at every token would be."""


class Columns(NamedTuple):
    """What a head holds column by column, (.., stride): sums of rows, queries, and contexts.

    Args:
        rows_at, queries_at, out_at: where they begin; contexts where those of place 0 would be.
    """

    rows: Any
    rows_at: Any
    queries: Any
    queries_at: Any
    out: Any
    out_at: Any
    stride: Any
    size: Any


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
    check_counters(batch, window, slots, valid)
    short = 0
    for stream in range(batch):
        columns = heads * size * stride
        if len(active) and not active[stream]:
            clear_run(out, stream * columns, columns)
            continue
        slot, before = slots[stream], valid[stream]
        seen = min(window, before + 1)
        after = (slot + 1) % window
        slots[stream], valid[stream] = after, seen
        if seen < window:
            short += 1
            clear_run(out, stream * columns, columns)
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
                target = queries_at - after + (window if start < after else 0)
                here = Columns(rows, base, queries, queries_at, out, target, stride, size)
                sound = _slide(here, start, end, pair, before == window, weights)
                first, last = (max(start, slot), min(end, slot + 1)) if sound else (start, end)
                for token in range(first, last):
                    if token == slot or not _sound(here, token):
                        _sum_anew(here, token, keys, values, ring_at, seen, pair, sums, logits)
                start = end
    return short


@kernel(inline="always")
def _sound(head, token):
    """Whether a row's weight is no mere rest; a row that is no number is not sound."""
    weight = head.rows_at + (head.size + 1) * head.stride + token
    return head.rows[weight] >= LEAST_SHARE * head.rows[weight + head.stride]


@kernel()
def _sum_anew(head, token, keys, values, ring_at, seen, pair, sums, logits):
    """One row of a head from its window, with room for its query, its sums and its logits."""
    size, stride, query_at = head.size, head.stride, 4 * head.size
    for column in range(size):
        pair[query_at + column] = head.queries[head.queries_at + column * stride + token]
    shift = sum_row(sums, pair, query_at, keys, values, ring_at, size, seen, logits)
    at = head.rows_at + token
    head.rows[at], largest = shift, 0.0
    for column in range(size + 1):
        head.rows[at + (column + 1) * stride] = sums[column]
        largest = max(largest, abs(sums[column]))
    head.rows[at + (size + 2) * stride] = largest
    for column in range(size):
        head.out[head.out_at + column * stride + token] = sums[column] / sums[size]


@kernel()
def _slide(head, begin, end, pair, leaving, weights):
    """The new token into a tile of rows of a head and, if `leaving`, the oldest one out.

    Their contexts are right where rows are sound.

    Args:
        pair: new key, old key, new value, old value, one after the other.
        weights: room for those of the new token and of the old one, one tile after the other.

    Returns:
        Whether all rows are sound.
    """
    rows, queries, out = head.rows, head.queries, head.out
    count, columns, stride = place(end - begin), place(head.size), place(head.stride)
    first, queries_at = place(head.rows_at + begin), place(head.queries_at + begin)
    excess = spread(-np.inf)
    for token in range(place(0), count, STEP):
        some, at = upto(count - token), queries_at + token
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
        for token in range(count):
            more = weights[token] - rows[first + token]
            if more > HIGHEST:
                rows[first + token] += more
                keep = np.exp(-more)
                for column in range(place(1), columns + place(3)):
                    rows[first + column * stride + token] *= keep
    missing, sums = spread(-np.inf), spread(0.0)
    for token in range(place(0), count, STEP):
        some, row, target = upto(count - token), first + token, place(head.out_at + begin) + token
        shift = load(rows, row, some)
        enter = exponential(load(weights, token, some) - shift)
        leave = exponential(load(weights, place(TILE) + token, some) - shift)
        if not leaving:
            leave = spread(0.0)
        row_weight = row + (columns + place(1)) * stride
        weight = load(rows, row_weight, some) + enter - leave
        store(rows, row_weight, some, weight)
        scale, size = spread(1.0) / weight, weight
        for column in range(columns):
            row += stride
            new = enter * spread(pair[place(2) * columns + column])
            old = leave * spread(pair[place(3) * columns + column])
            found = load(rows, row, some) + new - old
            store(rows, row, some, found)
            size = larger(size, larger(found, spread(0.0) - found))
            store(out, target, some, found * scale)
            target += stride
        peak = larger(load(rows, row_weight + stride, some), size)
        store(rows, row_weight + stride, some, peak)
        missing = larger(missing, peak * spread(LEAST_SHARE) - weight)
        sums += weight
    # A sum that is no number is not at least 0.
    return largest(missing) <= 0.0 and total(sums) >= 0.0

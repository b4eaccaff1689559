"""Continual attention, single-output: rings, and the newest row, by one token."""

import numpy as np
from numba import carray

from cla.attention.fused.exponentials import below_largest
from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.lanes import COUNT, STEP, spread
from cla.attention.fused.matrix import times_column
from cla.attention.fused.nystrom_arrays import active_of, check_counters
from cla.attention.fused.pointers import pointer
from cla.attention.fused.runs import load, store, upto


@kernel()
def sum_row(sums, query, query_at, keys, values, ring_at, size, seen, logits):
    """sums = (weighted values, denominator) of one row over the tokens seen; returns the shift."""
    columns, start, end = place(size), place(ring_at), place(seen)
    times_column(logits, ZERO, keys, ring_at, query, query_at, seen, size)
    shift, whole = below_largest(logits, ZERO, seen)
    pairs = place(seen // 2 * 2)
    # Two runs of columns and two tokens at once: else each sum waits for the one before.
    for column in range(place(0), columns, STEP + STEP):
        some = upto(columns - column)
        more = upto(size - COUNT - np.int64(column))  # signed: there may be less than none
        even = odd = even_more = odd_more = spread(0.0)
        for token in range(place(0), pairs, place(2)):
            at = start + token * columns + column
            weight = spread(logits[token])
            even += weight * load(values, at, some)
            even_more += weight * load(values, at + STEP, more)
            weight = spread(logits[token + place(1)])
            odd += weight * load(values, at + columns, some)
            odd_more += weight * load(values, at + columns + STEP, more)
        if pairs < end:
            at, weight = start + pairs * columns + column, spread(logits[pairs])
            even += weight * load(values, at, some)
            even_more += weight * load(values, at + STEP, more)
        store(sums, column, some, even + odd)
        store(sums, column + STEP, more, even_more + odd_more)
    sums[columns] = whole
    return shift


@entry(inline="always")
def newest(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, keys, values, out,
):  # fmt: skip
    """`advance_newest` with arrays in place of addresses."""
    attend_newest(
        (batch, heads, window, size), active_of(active_at, batch),
        carray(pointer(slot_at), batch, np.int64), carray(pointer(valid_at), batch, np.int64),
        new_queries, new_keys, new_values, keys, values, np.empty(window), np.empty(size + 1), out,
    )  # fmt: skip


@kernel()
def attend_newest(
    shape, active, slots, valid, new_queries, new_keys, new_values, keys, values, logits, sums, out
):  # fmt: skip
    """Write the token of each active stream into its rings and attend to them."""
    batch, heads, window, size = shape
    check_counters(batch, window, slots, valid)
    for stream in range(batch):
        if len(active) and not active[stream]:
            continue
        slot, seen = slots[stream], min(window, valid[stream] + 1)
        for unit in range(stream * heads, (stream + 1) * heads):
            ring_at, token_at = unit * window * size, unit * size
            for column in range(size):
                keys[ring_at + slot * size + column] = new_keys[token_at + column]
                values[ring_at + slot * size + column] = new_values[token_at + column]
            sum_row(sums, new_queries, token_at, keys, values, ring_at, size, seen, logits)
            for column in range(size):
                out[token_at + column] = sums[column] / sums[size]
        slots[stream], valid[stream] = (slot + 1) % window, seen


@entry()
def advance_newest(
    batch, heads, window, size, kind, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, keys_at, values_at, out_at,
):  # fmt: skip
    """Keys and values of one token of each active stream into rings, and the newest row.

    Tokens (B, H, D) and rings are of a kind, float32 or float64; contexts (B, H, D) are float64,
    those of idle streams are left alone.
    """
    tokens = batch * heads * size
    newest(
        batch, heads, window, size, active_at, slot_at, valid_at,
        carray(pointer(new_queries_at), tokens, kind), carray(pointer(new_keys_at), tokens, kind),
        carray(pointer(new_values_at), tokens, kind),
        carray(pointer(keys_at), tokens * window, kind),
        carray(pointer(values_at), tokens * window, kind),
        carray(pointer(out_at), tokens, np.float64),
    )  # fmt: skip

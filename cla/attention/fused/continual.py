"""Rings of a window, and the sums of all its rows, brought up to date by one token."""

import numpy as np
from numba import carray, njit

from cla.attention.fused.pointers import pointer

LEAST_SHARE = 1e-6
"""As in `cla.attention.continual`; a constant of the compiled code."""


@njit(cache=True, nogil=True)
def write(
    batch, heads, window, size, single, new_keys_at, new_values_at, active_at, slot_at, valid_at,
    keys_at, values_at,
):  # fmt: skip
    """Keys and values of one token of each active stream into rings; tokens and rings alike."""
    if single:
        tokens = carray(pointer(new_keys_at), batch * heads * size, np.float32)
        values = carray(pointer(new_values_at), batch * heads * size, np.float32)
        key_ring = carray(pointer(keys_at), batch * heads * window * size, np.float32)
        value_ring = carray(pointer(values_at), batch * heads * window * size, np.float32)
        _write(batch, heads, window, size, active_at, slot_at, tokens, key_ring)
        _write(batch, heads, window, size, active_at, slot_at, values, value_ring)
    else:
        tokens_d = carray(pointer(new_keys_at), batch * heads * size, np.float64)
        values_d = carray(pointer(new_values_at), batch * heads * size, np.float64)
        key_ring_d = carray(pointer(keys_at), batch * heads * window * size, np.float64)
        value_ring_d = carray(pointer(values_at), batch * heads * window * size, np.float64)
        _write(batch, heads, window, size, active_at, slot_at, tokens_d, key_ring_d)
        _write(batch, heads, window, size, active_at, slot_at, values_d, value_ring_d)
    _count(batch, window, active_at, slot_at, valid_at)


@njit(cache=True, nogil=True)
def advance_rows(
    batch, heads, window, size, single, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, queries_at, keys_at, values_at, rows_at,
):  # fmt: skip
    """Rings as in `write`, queries too, and the rows of `ContinualState`."""
    rows = carray(pointer(rows_at), batch * heads * window * (size + 3), np.float64)
    tokens, ring = batch * heads * size, batch * heads * window * size
    if single:
        _rows(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float32),
            carray(pointer(new_keys_at), tokens, np.float32),
            carray(pointer(new_values_at), tokens, np.float32),
            carray(pointer(queries_at), ring, np.float32),
            carray(pointer(keys_at), ring, np.float32),
            carray(pointer(values_at), ring, np.float32), rows,
        )  # fmt: skip
    else:
        _rows(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float64),
            carray(pointer(new_keys_at), tokens, np.float64),
            carray(pointer(new_values_at), tokens, np.float64),
            carray(pointer(queries_at), ring, np.float64),
            carray(pointer(keys_at), ring, np.float64),
            carray(pointer(values_at), ring, np.float64), rows,
        )  # fmt: skip
    _count(batch, window, active_at, slot_at, valid_at)


@njit(cache=True, nogil=True)
def _count(batch, window, active_at, slot_at, valid_at):
    active = carray(pointer(active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    for stream in range(batch):
        if active[stream]:
            slots[stream] = (slots[stream] + 1) % window
            valid[stream] = min(window, valid[stream] + 1)


@njit(cache=True, nogil=True)
def _write(batch, heads, window, size, active_at, slot_at, tokens, ring):
    active = carray(pointer(active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    for stream in range(batch):
        if active[stream]:
            for unit in range(stream * heads, (stream + 1) * heads):
                at = (unit * window + slots[stream]) * size
                for column in range(size):
                    ring[at + column] = tokens[unit * size + column]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _logit(left, at, right, start, size):
    total = 0.0
    for column in range(size):
        total += np.float64(left[at + column]) * np.float64(right[start + column])
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _sum_row(rows, at, queries, query_at, keys, values, ring_at, size, seen):
    """One row summed anew over the tokens seen."""
    highest = -np.inf
    for token in range(seen):
        highest = max(highest, _logit(queries, query_at, keys, ring_at + token * size, size))
    rows[at] = highest
    for column in range(1, size + 3):
        rows[at + column] = 0.0
    for token in range(seen):
        start = ring_at + token * size
        weight = np.exp(_logit(queries, query_at, keys, start, size) - highest)
        for column in range(size):
            rows[at + 1 + column] += weight * values[start + column]
        rows[at + 1 + size] += weight
    rows[at + 2 + size] = rows[at + 1 + size]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _rows(
    batch,
    heads,
    window,
    size,
    active_at,
    slot_at,
    valid_at,
    new_queries,
    new_keys,
    new_values,
    queries,
    keys,
    values,
    rows,
):
    active = carray(pointer(active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    old_key, old_value = np.empty(size), np.empty(size)
    for stream in range(batch):
        if not active[stream]:
            continue
        slot, leaving = slots[stream], valid[stream] == window
        seen = min(window, valid[stream] + 1)
        for unit in range(stream * heads, (stream + 1) * heads):
            ring_at, token_at = unit * window * size, unit * size
            place = ring_at + slot * size
            for column in range(size):
                old_key[column] = keys[place + column]
                old_value[column] = values[place + column]
                queries[place + column] = new_queries[token_at + column]
                keys[place + column] = new_keys[token_at + column]
                values[place + column] = new_values[token_at + column]
            for token in range(seen):
                at = (unit * window + token) * (size + 3)
                query_at = ring_at + token * size
                sound = token != slot
                if sound:
                    entering = _logit(queries, query_at, new_keys, token_at, size)
                    if entering > rows[at]:
                        scale = np.exp(rows[at] - entering)
                        rows[at] = entering
                        for column in range(1, size + 3):
                            rows[at + column] *= scale
                    weight = np.exp(entering - rows[at])
                    gone = 0.0
                    if leaving:
                        gone = np.exp(_logit(queries, query_at, old_key, 0, size) - rows[at])
                    for column in range(size):
                        rows[at + 1 + column] += (
                            weight * new_values[token_at + column] - gone * old_value[column]
                        )
                    rows[at + 1 + size] += weight - gone
                    rows[at + 2 + size] = max(rows[at + 2 + size], rows[at + 1 + size])
                    sound = rows[at + 1 + size] >= LEAST_SHARE * rows[at + 2 + size]
                if not sound:
                    _sum_row(rows, at, queries, query_at, keys, values, ring_at, size, seen)

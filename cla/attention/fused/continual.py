"""Continual attention: rings, the newest row, and the sums of all rows, by one token.

Sums of rows lie column by column, (D + 3, N) for a head: loops run over the tokens, of which there
are many, and not over the few columns.
"""

import numpy as np
from numba import carray, njit

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import place
from cla.attention.fused.pointers import pointer

LEAST_SHARE = 1e-6
"""As in `cla.attention.continual`; a constant of the compiled code."""


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _logits(logits, query, query_at, keys, keys_at, size, count):
    """Logits of neighboring tokens under one query, four at a time; returns the largest."""
    largest = -np.inf
    at, columns = place(keys_at), place(size)
    quads = place(count // 4 * 4)
    for token in range(place(0), quads, place(4)):
        first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
        start = at + token * columns
        for column in range(columns):
            part = np.float64(query[place(query_at) + column])
            first += part * keys[start + column]
            second += part * keys[start + columns + column]
            third += part * keys[start + place(2) * columns + column]
            fourth += part * keys[start + place(3) * columns + column]
        logits[token], logits[token + place(1)] = first, second
        logits[token + place(2)], logits[token + place(3)] = third, fourth
        largest = max(largest, max(max(first, second), max(third, fourth)))
    for token in range(quads, place(count)):
        total = 0.0
        for column in range(columns):
            total += (
                np.float64(query[place(query_at) + column]) * keys[at + token * columns + column]
            )
        logits[token] = total
        largest = max(largest, total)
    return largest


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def sum_row(total, query, query_at, keys, values, ring_at, size, seen, logits, work):
    """total = (weighted values, denominator) of one row over the tokens seen; returns the shift."""
    largest = _logits(logits, query, query_at, keys, ring_at, size, seen)
    for token in range(place(seen)):
        logits[token] -= largest
    exponentials(logits, seen, work)
    at, columns = place(ring_at), place(size)
    for column in range(columns + place(1)):
        total[column] = 0.0
    quads = place(seen // 4 * 4)
    denominator = 0.0
    for token in range(place(0), quads, place(4)):
        first, second = logits[token], logits[token + place(1)]
        third, fourth = logits[token + place(2)], logits[token + place(3)]
        denominator += first + second + third + fourth
        start = at + token * columns
        for column in range(columns):
            total[column] += (
                first * values[start + column]
                + second * values[start + columns + column]
                + third * values[start + place(2) * columns + column]
                + fourth * values[start + place(3) * columns + column]
            )
    for token in range(quads, place(seen)):
        weight = logits[token]
        denominator += weight
        for column in range(columns):
            total[column] += weight * values[at + token * columns + column]
    total[columns] = denominator
    return largest


@njit(cache=True, nogil=True)
def _newest(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, keys, values, out,
):  # fmt: skip
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    logits, work, total = np.empty(window), np.empty(window), np.empty(size + 1)
    for stream in range(batch):
        if not (everyone or active[stream]):
            continue
        slot, seen = slots[stream], min(window, valid[stream] + 1)
        for unit in range(stream * heads, (stream + 1) * heads):
            ring_at, token_at = unit * window * size, unit * size
            for column in range(size):
                keys[ring_at + slot * size + column] = new_keys[token_at + column]
                values[ring_at + slot * size + column] = new_values[token_at + column]
            sum_row(total, new_queries, token_at, keys, values, ring_at, size, seen, logits, work)
            for column in range(size):
                out[token_at + column] = total[column] / total[size]
        slots[stream], valid[stream] = (slot + 1) % window, seen


@njit(cache=True, nogil=True)
def advance_newest(
    batch, heads, window, size, single, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, keys_at, values_at, out_at,
):  # fmt: skip
    """Keys and values of one token of each active stream into rings, and the newest row.

    Tokens and rings are float32 if `single`, else float64; contexts (B, H, D) are float64.
    """
    tokens, ring = batch * heads * size, batch * heads * window * size
    out = carray(pointer(out_at), tokens, np.float64)
    if single:
        _newest(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float32),
            carray(pointer(new_keys_at), tokens, np.float32),
            carray(pointer(new_values_at), tokens, np.float32),
            carray(pointer(keys_at), ring, np.float32),
            carray(pointer(values_at), ring, np.float32), out,
        )  # fmt: skip
    else:
        _newest(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float64),
            carray(pointer(new_keys_at), tokens, np.float64),
            carray(pointer(new_values_at), tokens, np.float64),
            carray(pointer(keys_at), ring, np.float64),
            carray(pointer(values_at), ring, np.float64), out,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def advance_rows(
    batch, heads, window, size, single, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, queries_at, keys_at, values_at, rows_at, out_at,
):  # fmt: skip
    """Rings as in `advance_newest`, queries too, the rows of `ContinualState`, and their contexts.

    Contexts are (B, N, H, D), oldest first, of the type of the tokens.
    """
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
            carray(pointer(out_at), ring, np.float32),
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
            carray(pointer(out_at), ring, np.float64),
        )  # fmt: skip


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _slide(rows, base, window, size, seen, turned, old_key, old_value, leaving,
           new_keys, new_values, token_at, keep, enter, leave, work):  # fmt: skip
    """The new token into the rows of a head and, if `leaving`, the oldest one out."""
    count, stride = place(seen), place(window)
    for token in range(count):
        enter[token], leave[token] = 0.0, 0.0
    for column in range(place(size)):
        new, old = np.float64(new_keys[place(token_at) + column]), old_key[column]
        at = column * stride
        for token in range(count):
            enter[token] += turned[at + token] * new
            leave[token] += turned[at + token] * old
    shift = place(base)
    for token in range(count):
        highest = max(rows[shift + token], enter[token])
        keep[token] = rows[shift + token] - highest
        enter[token] -= highest
        leave[token] -= highest
        rows[shift + token] = highest
    exponentials(keep, seen, work)
    exponentials(enter, seen, work)
    if leaving:
        exponentials(leave, seen, work)
    else:
        for token in range(count):
            leave[token] = 0.0
    for column in range(place(size)):
        new, old = np.float64(new_values[place(token_at) + column]), old_value[column]
        at = shift + (column + place(1)) * stride
        for token in range(count):
            rows[at + token] = (
                rows[at + token] * keep[token] + enter[token] * new - leave[token] * old
            )
    weight = shift + place(size + 1) * stride
    peak = weight + stride
    for token in range(count):
        rows[weight + token] = rows[weight + token] * keep[token] + enter[token] - leave[token]
        rows[peak + token] = max(rows[peak + token] * keep[token], rows[weight + token])


@njit(cache=True, nogil=True)
def _rows(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, queries, keys, values, rows, out,
):  # fmt: skip
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    old_key, old_value, total = np.empty(size), np.empty(size), np.empty(size + 1)
    turned, logits, work = np.empty(size * window), np.empty(window), np.empty(window)
    keep, enter = np.empty(window), np.empty(window)
    for stream in range(batch):
        slot, seen = slots[stream], valid[stream]
        if everyone or active[stream]:
            leaving, seen = seen == window, min(window, seen + 1)
            for unit in range(stream * heads, (stream + 1) * heads):
                ring_at, token_at = unit * window * size, unit * size
                base = unit * window * (size + 3)
                at = ring_at + slot * size
                for column in range(size):
                    old_key[column] = keys[at + column]
                    old_value[column] = values[at + column]
                    queries[at + column] = new_queries[token_at + column]
                    keys[at + column] = new_keys[token_at + column]
                    values[at + column] = new_values[token_at + column]
                for token in range(place(seen)):
                    for column in range(place(size)):
                        turned[column * place(window) + token] = queries[
                            place(ring_at) + token * place(size) + column
                        ]
                _slide(
                    rows, base, window, size, seen, turned, old_key, old_value, leaving,
                    new_keys, new_values, token_at, keep, enter, logits, work,
                )  # fmt: skip
                for token in range(seen):
                    weight = rows[base + (size + 1) * window + token]
                    # Written so that a row that is no number is summed anew as well.
                    sound = weight >= LEAST_SHARE * rows[base + (size + 2) * window + token]
                    if token == slot or not sound:
                        rows[base + token] = sum_row(
                            total, queries, ring_at + token * size, keys, values, ring_at,
                            size, seen, logits, work,
                        )  # fmt: skip
                        for column in range(size + 1):
                            rows[base + (column + 1) * window + token] = total[column]
                        rows[base + (size + 2) * window + token] = total[size]
            slot = (slot + 1) % window
            slots[stream], valid[stream] = slot, seen
        _means(rows, stream, heads, window, size, slot, seen, work, out)


@njit(cache=True, nogil=True)
def _means(rows, stream, heads, window, size, slot, seen, work, out):
    """Contexts of a stream's rows into their places in time; zero where no token was seen."""
    for index in range(place((window - seen) * heads * size)):
        out[place(stream * window * heads * size) + index] = 0.0
    for head in range(heads):
        base = place((stream * heads + head) * window * (size + 3))
        weight = base + place((size + 1) * window)
        for token in range(place(seen)):
            work[token] = 1.0 / rows[weight + token]
        for token in range(seen):
            at = (stream * window + (token + window - slot) % window) * heads + head
            share = work[token]
            for column in range(place(size)):
                source = base + (column + place(1)) * place(window) + place(token)
                out[place(at * size) + column] = rows[source] * share

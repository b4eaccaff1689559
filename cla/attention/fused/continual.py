"""Continual attention: rings, the newest row, and the sums of all rows, by one token.

Sums of rows lie column by column, (D + 3, N) for a head: loops run over the tokens, of which there
are many, and not over the few columns. They go in tiles of tokens that stay in the cache.
"""

import numpy as np
from numba import carray

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import clear_run, place, quad
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.pointers import pointer

LEAST_SHARE = 1e-6
"""As in `cla.attention.continual`; a constant of the compiled code."""

TILE = 64
"""Tokens worked on at once."""

HIGHEST = 30.0
"""A row's shift follows its logits only where one is larger by this: e^30 is no burden to float64,
and exponentials of what changes at every token would be."""


@kernel(fastmath={"reassoc", "contract"})
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


@kernel(fastmath={"reassoc", "contract"})
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


@entry(inline="always")
def newest(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, keys, values, out,
):  # fmt: skip
    """`advance_newest` with arrays in place of addresses."""
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


@entry()
def advance_newest(
    batch, heads, window, size, single, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, keys_at, values_at, out_at,
):  # fmt: skip
    """Keys and values of one token of each active stream into rings, and the newest row.

    Tokens (B, H, D) and rings are float32 if `single`, else float64; contexts (B, H, D) are
    float64, those of idle streams are left alone.
    """
    tokens, ring = batch * heads * size, batch * heads * window * size
    out = carray(pointer(out_at), tokens, np.float64)
    if single:
        newest(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float32),
            carray(pointer(new_keys_at), tokens, np.float32),
            carray(pointer(new_values_at), tokens, np.float32),
            carray(pointer(keys_at), ring, np.float32),
            carray(pointer(values_at), ring, np.float32), out,
        )  # fmt: skip
    else:
        newest(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float64),
            carray(pointer(new_keys_at), tokens, np.float64),
            carray(pointer(new_values_at), tokens, np.float64),
            carray(pointer(keys_at), ring, np.float64),
            carray(pointer(values_at), ring, np.float64), out,
        )  # fmt: skip


@entry()
def advance_rows(
    batch, heads, window, size, single, new_queries_at, new_keys_at, new_values_at, active_at,
    slot_at, valid_at, queries_at, keys_at, values_at, rows_at, out_at,
):  # fmt: skip
    """Rings as in `advance_newest`, queries too, the rows of `ContinualState`, and their contexts.

    Contexts are (B, H, D, N), oldest first, of the type of the tokens; zero of idle streams.
    """
    rows = carray(pointer(rows_at), batch * heads * window * (size + 3), np.float64)
    tokens, ring = batch * heads * size, batch * heads * window * size
    if single:
        all_rows(
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
        all_rows(
            batch, heads, window, size, active_at, slot_at, valid_at,
            carray(pointer(new_queries_at), tokens, np.float64),
            carray(pointer(new_keys_at), tokens, np.float64),
            carray(pointer(new_values_at), tokens, np.float64),
            carray(pointer(queries_at), ring, np.float64),
            carray(pointer(keys_at), ring, np.float64),
            carray(pointer(values_at), ring, np.float64), rows,
            carray(pointer(out_at), ring, np.float64),
        )  # fmt: skip


@kernel(fastmath={"reassoc", "contract"})
def _slide(
    rows, base, window, size, start, count, turned, queries, queries_at, pair, leaving, enter,
    leave, work,
):  # fmt: skip
    """The new token into a tile of rows of a head and, if `leaving`, the oldest one out.

    Args:
        pair: new key, old key, new value, old value, one after the other.
    """
    columns, rows_here, stride = place(size), place(count), place(window)
    for token in range(rows_here):
        enter[token], leave[token] = 0.0, 0.0
        at = place(queries_at) + token * columns
        for column in range(columns):
            turned[column * place(TILE) + token] = queries[at + column]
    quads = place(size // 4 * 4)
    for column in range(place(0), quads, place(4)):
        at = column * place(TILE)
        second, third = at + place(TILE), at + place(2 * TILE)
        fourth = at + place(3 * TILE)
        a, b, c, d = quad(pair, column)
        e, f, g, h = quad(pair, columns + column)
        for token in range(rows_here):
            one, two = turned[at + token], turned[second + token]
            three, four = turned[third + token], turned[fourth + token]
            enter[token] += a * one + b * two + c * three + d * four
            leave[token] += e * one + f * two + g * three + h * four
    for column in range(quads, columns):
        new, old = pair[column], pair[columns + column]
        at = column * place(TILE)
        for token in range(rows_here):
            enter[token] += turned[at + token] * new
            leave[token] += turned[at + token] * old
    shift = place(base + start)
    excess = -np.inf
    for token in range(rows_here):
        enter[token] -= rows[shift + token]
        leave[token] -= rows[shift + token]
        excess = max(excess, enter[token])
    if excess > HIGHEST:
        for token in range(rows_here):
            if enter[token] > HIGHEST:
                rows[shift + token] += enter[token]
                keep = np.exp(-enter[token])
                for column in range(place(1), columns + place(3)):
                    rows[shift + column * stride + token] *= keep
                leave[token] -= enter[token]
                enter[token] = 0.0
    exponentials(enter, count, work)
    if leaving:
        exponentials(leave, count, work)
    else:
        for token in range(rows_here):
            leave[token] = 0.0
    for column in range(columns):
        new = pair[place(2) * columns + column]
        old = pair[place(3) * columns + column]
        at = shift + (column + place(1)) * stride
        for token in range(rows_here):
            rows[at + token] += enter[token] * new - leave[token] * old
    weight = shift + (columns + place(1)) * stride
    peak = weight + stride
    for token in range(rows_here):
        rows[weight + token] += enter[token] - leave[token]
        rows[peak + token] = max(rows[peak + token], rows[weight + token])


@entry(inline="always")
def all_rows(
    batch, heads, window, size, active_at, slot_at, valid_at,
    new_queries, new_keys, new_values, queries, keys, values, rows, out,
):  # fmt: skip
    """`advance_rows` with arrays in place of addresses; returns how many windows are not full."""
    everyone = active_at == 0
    active = carray(pointer(slot_at if everyone else active_at), batch, np.uint8)
    slots = carray(pointer(slot_at), batch, np.int64)
    valid = carray(pointer(valid_at), batch, np.int64)
    pair, total = np.empty(4 * size), np.empty(size + 1)
    logits, work = np.empty(window), np.empty(max(window, TILE))
    turned, enter, leave = np.empty(size * TILE), np.empty(TILE), np.empty(TILE)
    short = 0
    for stream in range(batch):
        out_at = stream * window * heads * size
        if not (everyone or active[stream]):
            clear_run(out, out_at, window * heads * size)
            continue
        slot, before = slots[stream], valid[stream]
        seen = min(window, before + 1)
        slots[stream], valid[stream] = (slot + 1) % window, seen
        if seen < window:
            short += 1
            clear_run(out, out_at, window * heads * size)
        for head in range(heads):
            unit = stream * heads + head
            ring_at, base = unit * window * size, unit * window * (size + 3)
            at = ring_at + slot * size
            for column in range(size):
                pair[column] = new_keys[unit * size + column]
                pair[size + column] = keys[at + column]
                pair[2 * size + column] = new_values[unit * size + column]
                pair[3 * size + column] = values[at + column]
                queries[at + column] = new_queries[unit * size + column]
                keys[at + column] = new_keys[unit * size + column]
                values[at + column] = new_values[unit * size + column]
            for start in range(0, seen, TILE):
                count = min(TILE, seen - start)
                _slide(
                    rows, base, window, size, start, count, turned, queries,
                    ring_at + start * size, pair, before == window, enter, leave, work,
                )  # fmt: skip
                for token in range(start, start + count):
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
                _means(
                    rows, base, window, size, start, count, slots[stream], enter, out,
                    out_at + head * size * window,
                )  # fmt: skip
    return short


@kernel(fastmath={"contract"})
def _means(rows, base, window, size, start, count, slot, work, out, out_at):
    """Contexts of a tile of a head's rows, (D, N), into their places in time."""
    columns, stride = place(size), place(window)
    weight = place(base + (size + 1) * window + start)
    for token in range(place(count)):
        work[token] = 1.0 / rows[weight + token]
    # Places from `slot` on are the oldest: a tile that it cuts lies in two runs.
    split = min(max(slot - start, 0), count)
    for begin, end, shift in ((0, split, window - slot), (split, count, -slot)):
        length = place(end - begin)
        for column in range(columns):
            source = place(base + start + begin) + (column + place(1)) * stride
            target = place(out_at + start + begin + shift) + column * stride
            for token in range(length):
                out[target + token] = rows[source + token] * work[place(begin) + token]

"""Continual attention, retroactive: the sums of all rows of a window, by one token."""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined
from cla.attention.kernels.continual import check_counters
from cla.attention.kernels.vectors import START, TILE, dot_rows, exponentials, sum_of, sum_rows

LEAST_SHARE = 1e-7
"""As in `kinds.continual`; a constant of the compiled code."""


@entry()
def append_rows(tokens, valid, slots, queries, keys, values, rows, active, window):
    """A token of each active stream into its rings and all rows, and the oldest one out.

    Shapes:
        tokens: (B, 1, 3, H, D), a query, key and value each
        queries, keys, values: (B, H, D, `column_stride`) float32
        rows: (B, H, D + 2, `column_stride`)
        active: (B,), or (0,) for all
    """
    check_counters(window, slots, valid)
    _, heads, size, _ = keys.shape
    # Key and value of the new token, and of the oldest one.
    pairs, weights = np.empty((2, 2, size)), np.empty((2, TILE))
    for stream in range(len(keys)):
        if len(active) and not active[stream]:
            continue
        slot, before = slots[stream], valid[stream]
        seen = min(window, before + 1)
        slots[stream], valid[stream] = (slot + 1) % window, seen
        for head in range(heads):
            asked, key, value = queries[stream, head], keys[stream, head], values[stream, head]
            for column in range(size):
                pairs[1, 0, column], pairs[1, 1, column] = key[column, slot], value[column, slot]
                asked[column, slot] = tokens[stream, 0, 0, head, column]
                key[column, slot] = tokens[stream, 0, 1, head, column]
                value[column, slot] = tokens[stream, 0, 2, head, column]
                pairs[0, 0, column], pairs[0, 1, column] = key[column, slot], value[column, slot]
            for first in range(0, seen, TILE):
                count, sums = min(TILE, seen - first), rows[stream, head]
                sound = _slide(asked, sums, first, count, pairs, before == window, weights)
                for row in range(first, first + count):
                    if row == slot or not (sound or _sound(sums, row)):
                        _sum_anew(asked, key, value, sums, row, seen)


@entry()
def read_rows(valid, slots, rows, active, window, out):
    """Contexts of all rows, oldest first; zero where no token was seen, and of idle streams.

    Shapes:
        rows: (B, H, D + 2, `column_stride`)
        out: (B, E, `column_stride`) float32, to be written
    """
    check_counters(window, slots, valid)
    heads, size = rows.shape[1], rows.shape[2] - 2
    for stream in range(len(rows)):
        slot, seen, idle = slots[stream], valid[stream], len(active) and not active[stream]
        if idle or seen < window:
            out[stream] = 0.0
        for head in range(0 if idle else heads):
            sums = rows[stream, head]
            # Places from `slot` on are the oldest.
            for begin, end, shift in ((slot, seen, -slot), (0, min(slot, seen), window - slot)):
                begin, at = max(begin, 0), max(begin + shift, 0)
                for column in range(size):
                    for index in range(end - begin):
                        out[stream, head * size + column, at + index] = (
                            sums[column, begin + index] / sums[size, begin + index]
                        )


@inlined()
def _sound(rows, row):
    """Whether a row's weight is no mere rest; a row that is no number is not sound."""
    return rows[-2, row] >= LEAST_SHARE * rows[-1, row]


@inlined()
def _sum_anew(queries, keys, values, rows, row, seen):
    """One row of a head from its window."""
    size = len(keys)
    query, sums, weights = np.empty(size), np.empty(size), np.empty(seen)
    for column in range(size):
        query[column] = queries[column, row]
    sum_rows(weights, query, keys, START)
    exponentials(weights)
    dot_rows(sums, values, weights)
    whole = largest = sum_of(weights)
    for column in range(size):
        rows[column, row] = sums[column]
        largest = max(largest, abs(sums[column]))
    rows[size, row], rows[size + 1, row] = whole, largest


@inlined()
def _slide(queries, rows, first, count, pairs, leaving, weights):
    """The new token into some rows of a head and, if `leaving`, the oldest one out.

    Args:
        pairs: key and value of the new token and of the oldest, (2, 2, D).
        weights: scratch of `TILE` rows.

    Returns:
        Whether all rows are sound.
    """
    size = len(queries)
    first = max(first, 0)  # compilers see: no index is below 0
    enter, leave = weights[0, :count], weights[1, :count]
    sum_rows(enter, pairs[0, 0], queries, first)
    sum_rows(leave, pairs[1, 0], queries, first)
    exponentials(enter)
    exponentials(leave)
    for index in range(count):
        leave[index] = leave[index] if leaving else 0.0
        rows[size, first + index] += enter[index] - leave[index]
        rows[size + 1, first + index] = max(
            rows[size + 1, first + index], rows[size, first + index]
        )
    for column in range(size):
        new, old = pairs[0, 1, column], pairs[1, 1, column]
        for index in range(count):
            found = rows[column, first + index] + (enter[index] * new - leave[index] * old)
            rows[column, first + index] = found
            rows[size + 1, first + index] = max(rows[size + 1, first + index], abs(found))
    unsound = 0
    for index in range(count):
        least = LEAST_SHARE * rows[size + 1, first + index]
        unsound += not rows[size, first + index] >= least
    return unsound == 0

"""Continual attention, retroactive: the sums of all rows of a window, by one token."""

import numpy as np

from cla.attention.kernels.compiled import kernel
from cla.attention.kernels.vectors import (
    clear_rows,
    dot_rows,
    exponentials,
    exponentiate,
    sum_rows,
    sum_rows_from,
)

LEAST_SHARE = 1e-7
"""As in `cla.attention.continual`; a constant of the compiled code."""

TILE = 256
"""Rows worked on at once: what is known of them stays in the cache."""

HIGHEST = 30.0
"""A row's shift follows its logits only where one is larger by this: e^30 is no burden to float64,
and exponentials of what changes at every token would be."""


@kernel()
def append_rows(queries, keys, values, rows, token, counters):
    """A token into the rings and into all rows, and the oldest one out.

    Args:
        counters: the token's place, tokens that the window held before it, and N.

    Shapes:
        queries, keys, values: (H, D, `column_stride`) float32
        rows: (H, D + 3, `column_stride`)
        token: (3, H, D), a query, key and value
    """
    heads, size, _ = keys.shape
    slot, before, window = counters
    seen = min(window, before + 1)
    # Key and value of the new token, and of the oldest one.
    pairs, weights, bits = np.empty((2, 2, size)), np.empty((2, TILE)), np.empty(2 * TILE, np.int64)
    for head in range(heads):
        for column in range(size):
            pairs[1, 0, column] = keys[head, column, slot]
            pairs[1, 1, column] = values[head, column, slot]
            queries[head, column, slot] = token[0, head, column]
            keys[head, column, slot] = token[1, head, column]
            values[head, column, slot] = token[2, head, column]
            pairs[0, 0, column] = keys[head, column, slot]
            pairs[0, 1, column] = values[head, column, slot]
        for first in range(0, seen, TILE):
            count = min(TILE, seen - first)
            sound = _slide(
                queries[head], rows[head], first, count, pairs, before == window, weights, bits
            )
            for row in range(first, first + count):
                if row == slot or not (sound or _sound(rows[head], row)):
                    _sum_anew(queries[head], keys[head], values[head], rows[head], row, seen)


@kernel()
def read_rows(rows, slot, seen, window, out):
    """Contexts of all rows, oldest first; zero where no token was seen.

    Args:
        slot: the place of the next token.

    Shapes:
        rows: (H, D + 3, `column_stride`)
        out: (E, `column_stride`) float32, to be written
    """
    heads, size = rows.shape[0], rows.shape[1] - 3
    shares = np.empty(TILE)
    if seen < window:
        clear_rows(out)
    for head in range(heads):
        # Places from `slot` on are the oldest.
        for begin, end, shift in ((slot, seen, -slot), (0, min(slot, seen), window - slot)):
            for first in range(begin, end, TILE):
                count, target = min(TILE, end - first), max(first + shift, 0)
                for index in range(count):
                    shares[index] = 1.0 / rows[head, size + 1, first + index]
                for column in range(size):
                    for index in range(count):
                        out[head * size + column, target + index] = (
                            rows[head, column + 1, first + index] * shares[index]
                        )


@kernel()
def _sound(rows, row):
    """Whether a row's weight is no mere rest; a row that is no number is not sound."""
    return rows[-2, row] >= LEAST_SHARE * rows[-1, row]


@kernel()
def _sum_anew(queries, keys, values, rows, row, seen):
    """One row of a head from its window."""
    size = len(keys)
    query, sums = np.empty(size), np.empty(size)
    logits, bits = np.empty(seen), np.empty(seen, np.int64)
    for column in range(size):
        query[column] = queries[column, row]
    sum_rows(logits, query, keys)
    highest, whole = exponentiate(logits, bits)
    dot_rows(sums, values, logits)
    largest = whole
    for column in range(size):
        rows[column + 1, row] = sums[column]
        largest = max(largest, abs(sums[column]))
    rows[0, row], rows[size + 1, row], rows[size + 2, row] = highest, whole, largest


@kernel()
def _slide(queries, rows, first, count, pairs, leaving, weights, bits):
    """The new token into some rows of a head and, if `leaving`, the oldest one out.

    Args:
        pairs: key and value of the new token and of the oldest, (2, 2, D).
        weights, bits: scratch of `TILE` rows.

    Returns:
        Whether all rows are sound.
    """
    size = len(queries)
    first = max(first, 0)  # compilers see: no index is below 0
    enter, leave = weights[0, :count], weights[1, :count]
    sum_rows_from(enter, pairs[0, 0], queries, first)
    sum_rows_from(leave, pairs[1, 0], queries, first)
    higher = 0
    for index in range(count):
        higher += enter[index] - rows[0, first + index] > HIGHEST
    if higher:
        for index in range(count):
            more = enter[index] - rows[0, first + index]
            if more > HIGHEST:
                rows[0, first + index] += more
                for column in range(1, size + 3):
                    rows[column, first + index] *= np.exp(-more)
    for index in range(count):
        enter[index] -= rows[0, first + index]
        leave[index] -= rows[0, first + index]
    exponentials(enter, bits)
    exponentials(leave, bits)
    for index in range(count):
        leave[index] = leave[index] if leaving else 0.0
        rows[size + 1, first + index] += enter[index] - leave[index]
        largest = max(rows[size + 2, first + index], rows[size + 1, first + index])
        rows[size + 2, first + index] = largest
    for column in range(size):
        new, old = pairs[0, 1, column], pairs[1, 1, column]
        for index in range(count):
            found = rows[column + 1, first + index] + (enter[index] * new - leave[index] * old)
            rows[column + 1, first + index] = found
            rows[size + 2, first + index] = max(rows[size + 2, first + index], abs(found))
    unsound = 0
    for index in range(count):
        least = LEAST_SHARE * rows[size + 2, first + index]
        unsound += not rows[size + 1, first + index] >= least
    return unsound == 0

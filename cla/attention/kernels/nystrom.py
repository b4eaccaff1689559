"""Continual Nyström attention: a token into the state of each stream, and the low-rank product.

Landmark ticks come between: `tick.renew`, and gamma's inverse.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.continual import check_counters
from cla.attention.kernels.vectors import START, clear_rows, dot_rows, exponentiate_rows, sum_rows
from cla.attention.kernels.window_sums import TOTAL, part_of, slide, start_of, turn_of

TILE = 256
"""Rows worked on at once: what is known of them stays in the cache."""


@entry()
def append(tokens, valid, slots, queries, keys, values, query_landmarks, sums, active, due):
    """Take a token of each active stream into the rings and sums of a `NystromState`.

    Args:
        due: (B,) zeros, to be written: 1 where a landmark is due, 2 where all are, see
            `tick.renew`; (0,) where landmarks are fixed.

    Shapes:
        tokens: (B, 1, 3, H, D), a query, key and value each
        active: (B,), or (0,) for all

    Returns:
        In how many streams landmarks are due.
    """
    batch, heads, window, size = keys.shape
    marks, waits = query_landmarks.shape[3], 0
    check_counters(window, slots, valid)
    weights, shifts = np.empty((heads, 2, marks)), np.empty((heads, 2, marks))
    bits = np.empty(2 * heads * marks, np.int64)
    for stream in range(batch):
        if len(active) and not active[stream]:
            continue
        slot, before = slots[stream], valid[stream]
        newest = slot % queries.shape[2]
        for head in range(heads):
            for column in range(size):
                queries[stream, head, newest, column] = tokens[stream, 0, 0, head, column]
                keys[stream, head, slot, column] = tokens[stream, 0, 1, head, column]
                values[stream, head, slot, column] = tokens[stream, 0, 2, head, column]
            values[stream, head, slot, size] = 1.0
        slide(
            sums[stream], query_landmarks[stream], keys[stream], values[stream],
            turn_of(slot, window), weights, shifts, bits,
        )  # fmt: skip
        slots[stream], valid[stream] = (slot + 1) % window, min(before + 1, window)
        if not len(due) or before + 1 < window:
            continue
        if start_of(part_of(slot, marks, window) + 1, marks, window) == slot + 1:
            due[stream] = 2 if before + 1 == window else 1
            waits += 1
    return waits


@entry()
def read(valid, slots, queries, key_landmarks, gamma_inv, sums, active, window, contexts):
    """Contexts (B, H, D), to be written, of each active stream's newest token.

    Returns:
        How many windows of active streams are not full.
    """
    check_counters(window, slots, valid)
    _, heads, size, marks = key_landmarks.shape
    betas, totals, query = np.empty((heads, marks)), np.empty(heads), np.empty(size)
    mixing, bits, short = np.empty(marks), np.empty(heads * marks, np.int64), 0
    for stream in range(len(slots)):
        if len(active) and not active[stream]:
            continue
        short += valid[stream] < window
        _share(
            queries[stream], slots[stream] + window - 1, window, key_landmarks[stream], betas,
            totals, query, bits,
        )  # fmt: skip
        for head in range(heads):
            sum_rows(mixing, betas[head], gamma_inv[stream, head], START)
            total = sums[stream, TOTAL, head]
            for mark in range(marks):
                mixing[mark] /= totals[head] * total[size + 1, mark]
            dot_rows(contexts[stream, head], total[1 : size + 1], mixing)
    return short


@entry()
def write_betas(slots, queries, key_landmarks, betas, active):
    """The column of each active stream's newest token in its ring of betas."""
    _, heads, size, marks = key_landmarks.shape
    window = queries.shape[2]
    found, totals, query = np.empty((heads, marks)), np.empty(heads), np.empty(size)
    bits = np.empty(heads * marks, np.int64)
    for stream in range(len(slots)):
        if len(active) and not active[stream]:
            continue
        newest = (slots[stream] + window - 1) % window
        _share(queries[stream], newest, window, key_landmarks[stream], found, totals, query, bits)
        for head in range(heads):
            for mark in range(marks):
                betas[stream, head, mark, newest] = found[head, mark] / totals[head]


@entry()
def read_rows(valid, slots, betas, gamma_inv, sums, active, window, out):
    """Contexts of all rows, oldest first; zero where no token was seen, and of idle streams.

    Shapes:
        betas: (B, H, M, `column_stride`)
        sums: (B, R, H, D + 2, M)
        out: (B, E, `column_stride`) float32, to be written

    Returns:
        How many windows of active streams are not full.
    """
    check_counters(window, slots, valid)
    heads, marks, size, short = betas.shape[1], betas.shape[2], sums.shape[3] - 2, 0
    mixed, means, tile = np.empty((size, marks)), np.empty(marks), np.empty(TILE)
    for stream in range(len(slots)):
        slot, seen, idle = slots[stream], valid[stream], len(active) and not active[stream]
        if idle or seen < window:
            clear_rows(out[stream])
            short += not idle
        for head in range(0 if idle else heads):
            total = sums[stream, TOTAL, head]
            for column in range(size):
                for mark in range(marks):
                    means[mark] = total[column + 1, mark] / total[size + 1, mark]
                dot_rows(mixed[column], gamma_inv[stream, head], means)
            # Places from `slot` on are the oldest.
            for begin, end, shift in ((slot, seen, -slot), (0, slot, window - slot)):
                for first in range(begin, end, TILE):
                    count = min(TILE, end - first)
                    for column in range(size):
                        sum_rows(tile[:count], mixed[column], betas[stream, head], first)
                        row, at = head * size + column, max(first + shift, 0)
                        for index in range(count):
                            out[stream, row, at + index] = tile[index]
    return short


@kernel()
def _share(queries, place, window, key_landmarks, betas, totals, query, bits):
    """Softmax(q K~^T) of a token in the ring, times the sums that it leaves in `totals`.

    Shapes:
        queries: (H, N or 1, D)
        key_landmarks: (H, D, M)
        betas: (H, M), to be written
    """
    newest = place % window % queries.shape[1]
    for head in range(len(queries)):
        # A copy: a row of the ring would be another type of array.
        for column in range(len(query)):
            query[column] = queries[head, newest, column]
        sum_rows(betas[head], query, key_landmarks[head], START)
    exponentiate_rows(betas, totals, bits)

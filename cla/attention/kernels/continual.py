"""Continual attention: tokens into the rings of each stream, and softmax attention over them.

Rings and sums of rows lie column by column, so that loops run over tokens, of which there are many.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.projections import finish
from cla.attention.kernels.vectors import START, dot_rows, exponentiate, sum_rows, write_row


@entry()
def append(tokens, valid, slots, queries, keys, values, active, window):
    """Take a token of each active stream into the rings; of queries the newest alone is kept.

    Shapes:
        tokens: (B, 1, 3, H, D), a query, key and value each
        queries: (B, H, D, 1)
        keys, values: (B, H, D, `column_stride`)
        active: (B,), or (0,) for all
    """
    check_counters(window, slots, valid)
    _, heads, size, _ = keys.shape
    for stream in range(len(keys)):
        if len(active) and not active[stream]:
            continue
        slot = slots[stream]
        slots[stream], valid[stream] = (slot + 1) % window, min(window, valid[stream] + 1)
        for head in range(heads):
            for column in range(size):
                queries[stream, head, column, 0] = tokens[stream, 0, 0, head, column]
                keys[stream, head, column, slot] = tokens[stream, 0, 1, head, column]
                values[stream, head, column, slot] = tokens[stream, 0, 2, head, column]


@entry()
def read(valid, slots, queries, keys, values, active, window, weight, bias, out):
    """The output (B, E), to be written, for each active stream's newest token, see `finish`."""
    check_counters(window, slots, valid)
    _, heads, size, _ = keys.shape
    context = np.empty((heads, size))
    for stream in range(len(keys)):
        if len(active) and not active[stream]:
            continue
        weights = np.empty(valid[stream])
        for head in range(heads):
            total = _weigh(weights, queries[stream, head], keys[stream, head])
            dot_rows(context[head], values[stream, head], weights)
            for column in range(size):
                context[head, column] /= total
        finish(context.reshape(-1), weight, bias, out[stream])


@entry()
def read_row(valid, slots, queries, keys, row):
    """The newest token's attention (B, H, N) float32, to be written, oldest token first."""
    for stream in range(len(keys)):
        weights = np.empty(valid[stream])
        for head in range(keys.shape[1]):
            total = _weigh(weights, queries[stream, head], keys[stream, head])
            write_row(row[stream, head], weights, slots[stream], 1.0 / total)


@entry()
def read_window_row(valid, slots, queries, keys, row):
    """`read_row` of rings (B, H, N, D) of all queries and keys."""
    query = np.empty(keys.shape[3])
    for stream in range(len(keys)):
        weights, newest = np.empty(valid[stream]), (slots[stream] - 1) % keys.shape[2]
        for head in range(keys.shape[1]):
            for column in range(len(query)):
                query[column] = queries[stream, head, newest, column]
            dot_rows(weights, keys[stream, head], query)
            total = exponentiate(weights)
            write_row(row[stream, head], weights, slots[stream], 1.0 / total)


@kernel()
def _weigh(weights, query, keys):
    """Exponentials of a query (D, 1) and the keys (D, N) of tokens; returns their sum."""
    wide = np.empty(len(query))  # of the type of all sums
    for column in range(len(query)):
        wide[column] = query[column, 0]
    sum_rows(weights, wide, keys, START)
    return exponentiate(weights)


@kernel()
def check_counters(window, slots, valid):
    """Raise, before anything is written, where a state names places that its rings do not have."""
    for stream in range(len(slots)):
        if not (0 <= slots[stream] < window and 0 <= valid[stream] <= window):
            raise IndexError("a state's counters do not fit its window")

"""Continual attention: tokens into the rings of each stream, and softmax attention over them.

Rings and sums of rows lie column by column, so that loops run over tokens, of which there are many.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.vectors import START, dot_rows, exponentiate, sum_rows


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
def read(valid, slots, queries, keys, values, active, window, contexts):
    """Contexts (B, H, D), to be written, of each active stream's newest token."""
    check_counters(window, slots, valid)
    query = np.empty(keys.shape[2])
    for stream in range(len(keys)):
        if len(active) and not active[stream]:
            continue
        logits, bits = np.empty(valid[stream]), np.empty(valid[stream], np.int64)
        for head in range(keys.shape[1]):
            for column in range(len(query)):
                query[column] = queries[stream, head, column, 0]
            sum_rows(logits, query, keys[stream, head], START)
            _, whole = exponentiate(logits, bits)
            dot_rows(contexts[stream, head], values[stream, head], logits)
            for column in range(len(query)):
                contexts[stream, head, column] /= whole


@kernel()
def check_counters(window, slots, valid):
    """Raise, before anything is written, where a state names places that its rings do not have."""
    for stream in range(len(slots)):
        if not (0 <= slots[stream] < window and 0 <= valid[stream] <= window):
            raise IndexError("a state's counters do not fit its window")

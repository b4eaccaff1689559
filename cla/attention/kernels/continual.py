"""Continual attention: tokens into the rings of each stream, and softmax attention over them.

Rings and sums of rows lie column by column, so that loops run over tokens, of which there are many.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.continual_rows import append_rows, read_rows
from cla.attention.kernels.encoder import embedding_numbers, give_out, take_in
from cla.attention.kernels.vectors import clear_rows, dot_rows, exponentiate, sum_rows


@kernel()
def append(queries, keys, values, token, slot):
    """Take a token (3, H, D), a query, key and value, into the rings (H, D, `column_stride`).

    Of queries the newest alone is kept, (H, D, 1).
    """
    for head in range(keys.shape[0]):
        for column in range(keys.shape[1]):
            queries[head, column, 0] = token[0, head, column]
            keys[head, column, slot] = token[1, head, column]
            values[head, column, slot] = token[2, head, column]


@kernel()
def read(queries, keys, values, seen, context):
    """Contexts (H, D) of the newest token over the tokens seen."""
    logits, bits = np.empty(seen), np.empty(seen, np.int64)
    query = np.empty(keys.shape[1])
    for head in range(keys.shape[0]):
        for column in range(keys.shape[1]):
            query[column] = queries[head, column, 0]
        sum_rows(logits, query, keys[head])
        _, whole = exponentiate(logits, bits)
        dot_rows(context[head], values[head], logits)
        for column in range(keys.shape[1]):
            context[head, column] /= whole


@entry()
def step_continual(
    x, around, table, position, hidden, classes,
    query, query_bias, key, key_bias, value, value_bias, output, output_bias, tokens,
    valid, slots, queries, keys, values, rows, active, window, contexts, out,
):  # fmt: skip
    """A token of each active stream through continual attention: append, then read.

    Args:
        x: the token (B, E) float32, to be projected by the weights; or none, (0, 0).
        around, table, position, hidden, classes: see `step_nystrom`.
        tokens: else the token projected, (B, 1, 3, H, D). Of no token the state's newest is read.
        active: (B,), or (0,) for all.
        contexts: (B, 1, H, D), to be written; not if outputs are retroactive, or are asked for.
        out: outputs (B, E, 1) or, if retroactive, contexts (B, E, `column_stride`), to be written;
            float32. Without `contexts` and `out` nothing is read.

    Returns:
        How many windows are not full.
    """
    batch, heads, size, _ = keys.shape
    check_counters(window, slots, valid)
    takes, reads = len(x) + len(tokens) > 0, len(contexts) + len(out) > 0
    retroactive, short = rows.shape[3] > 0, 0
    begin = embedding_numbers(x, table)
    if len(x):
        tokens = np.empty((batch, 1, 3, heads, size))
        take_in(
            x, active, around, table, position, hidden,
            query, query_bias, key, key_bias, value, value_bias, tokens,
        )  # fmt: skip
    if len(out) and not retroactive:
        contexts = np.empty((batch, 1, heads, size))
    for index in range(batch):
        if len(active) and not active[index]:
            if len(out):
                clear_rows(out[index])
            continue
        slot, before = slots[index], valid[index]
        if takes:
            slots[index], valid[index] = (slot + 1) % window, min(window, before + 1)
        short += valid[index] < window
        if takes and retroactive:
            append_rows(
                queries[index], keys[index], values[index], rows[index], tokens[index, 0],
                (slot, before, window),
            )  # fmt: skip
        elif takes:
            append(queries[index], keys[index], values[index], tokens[index, 0], slot)
        if not reads:
            continue
        if retroactive:
            read_rows(rows[index], slots[index], valid[index], window, out[index])
            continue
        read(queries[index], keys[index], values[index], valid[index], contexts[index, 0])
        if not len(out):
            continue
        give_out(
            contexts[index, 0], output, output_bias, around, begin, classes, hidden, index,
            out[index],
        )  # fmt: skip
    return short


@kernel()
def check_counters(window, slots, valid):
    """Raise, before anything is written, where a state names places that its rings do not have."""
    for stream in range(len(slots)):
        if not (0 <= slots[stream] < window and 0 <= valid[stream] <= window):
            raise IndexError("a state's counters do not fit its window")

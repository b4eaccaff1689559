"""Continual attention: tokens into the rings of each stream, and softmax attention over them.

Rings and sums of rows lie column by column, so that loops run over tokens, of which there are many.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.continual_rows import append_rows
from cla.attention.kernels.projections import finish, project
from cla.attention.kernels.vectors import clear_rows, dot_rows, exponentiate, sum_rows


@kernel()
def append(keys, values, token, slot):
    """Take a token (3, H, D), a query, key and value, into the rings (H, D, `column_stride`)."""
    for head in range(keys.shape[0]):
        for column in range(keys.shape[1]):
            keys[head, column, slot] = token[1, head, column]
            values[head, column, slot] = token[2, head, column]


@kernel()
def read(keys, values, queries, seen, context):
    """Contexts (H, D) of the token whose queries (H, D) are given, over the tokens seen."""
    logits, bits = np.empty(seen), np.empty(seen, np.int64)
    for head in range(keys.shape[0]):
        sum_rows(logits, queries[head], keys[head])
        _, whole = exponentiate(logits, bits)
        dot_rows(context[head], values[head], logits)
        for column in range(keys.shape[1]):
            context[head, column] /= whole


@entry()
def step_continual(
    x, query, query_bias, key, key_bias, value, value_bias, output, output_bias, tokens,
    valid, slots, queries, keys, values, rows, active, window, contexts, out,
):  # fmt: skip
    """A token of each active stream through continual attention.

    Args:
        x: the token (B, E) float32, with the weights of the layer; or none, (0, 0), and the weights
            do not matter.
        tokens: else the token projected, (B, 1, 3, H, D).
        active: (B,), or (0,) for all.
        contexts: of projected tokens (B, 1, H, D), to be written; not if outputs are retroactive.
        out: outputs of x (B, E, 1) or, if retroactive, contexts (B, E, `column_stride`), to be
            written; float32.

    Returns:
        How many windows are not full.
    """
    batch, heads, size, _ = keys.shape
    check_counters(window, slots, valid)
    whole, retroactive, short = len(x) > 0, rows.shape[3] > 0, 0
    if whole:
        tokens = np.empty((batch, 1, 3, heads, size))
        project(x, query, query_bias, key, key_bias, value, value_bias, tokens)
        contexts = np.empty((batch, 1, heads, size))
    for index in range(batch):
        if len(active) and not active[index]:
            if len(out):
                clear_rows(out[index])
            continue
        slot, before, token = slots[index], valid[index], tokens[index, 0]
        seen = min(window, before + 1)
        slots[index], valid[index] = (slot + 1) % window, seen
        short += seen < window
        if retroactive:
            append_rows(
                queries[index], keys[index], values[index], rows[index], token,
                (slot, before, window), out[index],
            )  # fmt: skip
            continue
        append(keys[index], values[index], token, slot)
        read(keys[index], values[index], token[0], seen, contexts[index, 0])
        if whole:
            finish(contexts[index, 0].reshape(-1), output, output_bias, out[index].reshape(-1))
    return short


@kernel()
def check_counters(window, slots, valid):
    """Raise, before anything is written, where a state names places that its rings do not have."""
    for stream in range(len(slots)):
        if not (0 <= slots[stream] < window and 0 <= valid[stream] <= window):
            raise IndexError("a state's counters do not fit its window")

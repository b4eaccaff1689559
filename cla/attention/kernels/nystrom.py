"""Continual Nyström attention: tokens into the state of each stream, landmark ticks, contexts."""

from typing import Any, NamedTuple

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.continual import check_counters
from cla.attention.kernels.encoder import embedding_numbers, give_out, take_in
from cla.attention.kernels.low_rank import read_newest, read_rows, write_beta
from cla.attention.kernels.vectors import clear_rows
from cla.attention.kernels.window_sums import part_of, slide, start_of, turn_of

FILLING, TICKS = -1, -2
"""What a step returns that is not done."""


class Stream(NamedTuple):
    """What a `NystromState` holds of one stream."""

    queries: Any
    keys: Any
    values: Any
    query_landmarks: Any
    key_landmarks: Any
    gamma_inv: Any
    sums: Any
    betas: Any


class Scratch(NamedTuple):
    """Memory for what is known of one token only.

    Shapes:
        weights, shifts: (H, 2, M)
        betas: (H, M)
        totals: (H)
        mixing: (M)
        query: (D)
        bits: (2 H M), see `exponentials`
    """

    weights: Any
    shifts: Any
    betas: Any
    totals: Any
    mixing: Any
    query: Any
    bits: Any


@kernel()
def scratch_for(heads, size, marks):
    """Scratch of streams of H heads of D numbers and M landmarks."""
    return Scratch(
        np.empty((heads, 2, marks)), np.empty((heads, 2, marks)), np.empty((heads, marks)),
        np.empty(heads), np.empty(marks), np.empty(size), np.empty(2 * heads * marks, np.int64),
    )  # fmt: skip


@entry()
def step_nystrom(
    x, around, table, position, hidden, classes,
    query, query_bias, key, key_bias, value, value_bias, output, output_bias, tokens, first,
    valid, slots, queries, keys, values, query_landmarks, key_landmarks, gamma_inv, sums, betas,
    active, continual, due, contexts, out,
):  # fmt: skip
    """Tokens of each active stream through continual Nyström attention: append, then read.

    Args:
        x: a token (B, E) float32 of each stream, to be projected by the weights; or none, (0, 0).
        around: with weights (P,) the step is that of a whole encoder layer: x is (B, F), embedded
            by `table` if that has rows, and what `encoder.complete` gives of `classes` is `out`.
        position, hidden: see `encoder.embed`.
        tokens: else T tokens, projected, (B, T, 3, H, D); one if outputs are retroactive. Of no
            tokens the newest of the state is read.
        first: of these tokens, the first to be taken.
        active: (B,), or (0,) for all.
        due: (B,) zeros, to be written where landmarks are continual: 1 where one is due, 2 where
            all are, see `tick.renew`.
        contexts: (B, T, H, D), to be written; not if outputs are retroactive, or are asked for.
        out: outputs (B, E, 1) or, if retroactive, contexts (B, E, `column_stride`), to be written;
            float32. Without `contexts` and `out` nothing is read.

    Returns:
        How many windows are not full. `FILLING`, and nothing is done, where landmarks are continual
        and some stream has yet to fill its window. `TICKS` less the place of the token that has
        been appended last, and is not read, where landmarks are due.
    """
    batch, heads, window, size = keys.shape
    check_counters(window, slots, valid)
    takes, reads = len(x) + len(tokens) > 0, len(contexts) + len(out) > 0
    if continual:
        for index in range(batch):
            if (not len(active) or active[index]) and valid[index] + takes < window:
                return FILLING
    retroactive, short = betas.shape[3] > 0, 0
    begin = embedding_numbers(x, table)
    if len(x):
        tokens = np.empty((batch, 1, 3, heads, size))
        take_in(
            x, active, around, table, position, hidden,
            query, query_bias, key, key_bias, value, value_bias, tokens,
        )  # fmt: skip
    if len(out) and not retroactive:
        contexts = np.empty((batch, 1, heads, size))
    marks = query_landmarks.shape[3]
    scratch = scratch_for(heads, size, marks)
    for time in range(first, max(tokens.shape[1], 1)):
        waits = 0
        for phase in range(2):
            for index in range(batch):
                if len(active) and not active[index]:
                    continue
                stream = Stream(
                    queries[index], keys[index], values[index], query_landmarks[index],
                    key_landmarks[index], gamma_inv[index], sums[index], betas[index],
                )  # fmt: skip
                if phase == 0 and takes:
                    slot = slots[index]
                    write_token(stream, tokens[index, time], slot)
                    slide(
                        stream.sums, stream.query_landmarks, stream.keys, stream.values,
                        turn_of(slot, window), scratch.weights, scratch.shifts, scratch.bits,
                    )  # fmt: skip
                    if retroactive:
                        write_beta(stream, slot, scratch)
                    due_here = count(slots, valid, index, window, marks)
                    if continual and due_here:
                        due[index] = due_here
                        waits += 1
                elif phase == 1 and reads and not retroactive:
                    read_newest(stream, slots[index], scratch, contexts[index, time])
            if waits:
                return TICKS - time
    for index in range(batch):
        if len(active) and not active[index]:
            if len(out):
                clear_rows(out[index])
            continue
        short += valid[index] < window
        if not len(out):
            continue
        if retroactive:
            read_rows(
                betas[index], gamma_inv[index], sums[index], slots[index], valid[index], window,
                out[index],
            )  # fmt: skip
        else:
            give_out(
                contexts[index, 0], output, output_bias, around, begin, classes, hidden, index,
                out[index],
            )  # fmt: skip
    return short


@kernel()
def count(slots, valid, index, window, marks):
    """Count a stream's token; returns which landmarks it makes due, see `step_nystrom`."""
    slot, before = slots[index], valid[index]
    slots[index], valid[index] = (slot + 1) % window, min(before + 1, window)
    if before + 1 < window or start_of(part_of(slot, marks, window) + 1, marks, window) != slot + 1:
        return 0
    return 2 if before + 1 == window else 1


@kernel()
def write_token(stream, token, slot):
    """Put a token (3, H, D), a query, key and value, into the rings."""
    heads, _, size = stream.keys.shape
    newest = slot % stream.queries.shape[1]
    for head in range(heads):
        for column in range(size):
            stream.queries[head, newest, column] = token[0, head, column]
            stream.keys[head, slot, column] = token[1, head, column]
            stream.values[head, slot, column] = token[2, head, column]
        stream.values[head, slot, size] = 1.0

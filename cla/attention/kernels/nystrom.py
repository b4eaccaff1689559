"""Continual Nyström attention: tokens into the state of each stream, landmark ticks, contexts."""

from typing import Any, NamedTuple

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.continual import check_counters
from cla.attention.kernels.low_rank import read_newest, read_rows, write_beta
from cla.attention.kernels.projections import finish, project
from cla.attention.kernels.tick import renew
from cla.attention.kernels.vectors import clear_rows
from cla.attention.kernels.window_sums import part_of, slide, start_of, turn_of


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
        bits: (2 H M), see `exponentials`
    """

    weights: Any
    shifts: Any
    betas: Any
    totals: Any
    mixing: Any
    bits: Any


@kernel()
def scratch_for(heads, marks):
    """Scratch of streams of H heads and M landmarks."""
    return Scratch(
        np.empty((heads, 2, marks)), np.empty((heads, 2, marks)), np.empty((heads, marks)),
        np.empty(heads), np.empty(marks), np.empty(2 * heads * marks, np.int64),
    )  # fmt: skip


@kernel()
def append(stream, token, slot, scratch):
    """Take a token into rings and sums; of retroactive streams into the ring of betas too.

    Shapes:
        token: (3, H, D), a query, key and value
    """
    heads, window, size = stream.keys.shape
    newest = slot % stream.queries.shape[1]
    for head in range(heads):
        for column in range(size):
            stream.keys[head, slot, column] = token[1, head, column]
            stream.values[head, slot, column] = token[2, head, column]
            stream.queries[head, newest, column] = token[0, head, column]
        stream.values[head, slot, size] = 1.0
    slide(
        stream.sums, stream.query_landmarks, stream.keys, stream.values, turn_of(slot, window),
        scratch.weights, scratch.shifts, scratch.bits,
    )  # fmt: skip
    if stream.betas.shape[2]:
        write_beta(stream, token[0], slot, scratch)


@entry()
def step_nystrom(
    x, query, query_bias, key, key_bias, value, value_bias, output, output_bias, tokens,
    valid, slots, queries, keys, values, query_landmarks, key_landmarks, gamma_inv, sums, betas,
    active, continual, method, contexts, out,
):  # fmt: skip
    """Tokens of each active stream through continual Nyström attention: append, then read.

    Args:
        x: a token (B, E) float32 of each stream, to be projected by the weights; or none, (0, 0).
        tokens: else T tokens, projected, (B, T, 3, H, D); one if outputs are retroactive. Of no
            tokens the newest of the state is read.
        active: (B,), or (0,) for all.
        method: of the pseudo-inverse, see `METHODS`.
        contexts: (B, T, H, D), to be written; not if outputs are retroactive, or are asked for.
        out: outputs (B, E, 1) or, if retroactive, contexts (B, E, `column_stride`), to be written;
            float32. Without `contexts` and `out` nothing is read.

    Returns:
        How many windows are not full. -1, and nothing is done, where landmarks are continual and
        some stream has yet to fill its window.
    """
    batch, heads, window, size = keys.shape
    check_counters(window, slots, valid)
    takes, reads = len(x) + len(tokens) > 0, len(contexts) + len(out) > 0
    if continual:
        for stream in range(batch):
            if (not len(active) or active[stream]) and valid[stream] + takes < window:
                return -1
    retroactive, short = betas.shape[3] > 0, 0
    if len(x):
        tokens = np.empty((batch, 1, 3, heads, size))
        project(x, query, query_bias, key, key_bias, value, value_bias, tokens)
    if len(out) and not retroactive:
        contexts = np.empty((batch, 1, heads, size))
    newest = np.empty((heads, size))
    marks = query_landmarks.shape[3]
    scratch = scratch_for(heads, marks)
    for index in range(batch):
        if len(active) and not active[index]:
            if len(out):
                clear_rows(out[index])
            continue
        stream = Stream(
            queries[index], keys[index], values[index], query_landmarks[index],
            key_landmarks[index], gamma_inv[index], sums[index], betas[index],
        )  # fmt: skip
        slot, seen = slots[index], valid[index]
        for time in range(tokens.shape[1]):
            token = tokens[index, time]
            append(stream, token, slot, scratch)
            filled, seen = seen == window - 1, min(seen + 1, window)
            segment = part_of(slot, marks, window)
            following, after = start_of(segment + 1, marks, window), (slot + 1) % window
            if continual and seen == window and following == slot + 1:
                # Where the window has just become full, all landmarks are new.
                first, last = (0, marks) if filled else (segment, segment + 1)
                renew(stream, first, last, after, method)
            slot = after
            if reads and not retroactive:
                read_newest(stream, token[0], scratch, contexts[index, time])
        slots[index], valid[index] = slot, seen
        short += seen < window
        if not reads:
            continue
        if retroactive:
            read_rows(stream, slot, seen, out[index])
            continue
        if not takes:
            copy_newest(stream.queries, slot, window, newest)
            read_newest(stream, newest, scratch, contexts[index, 0])
        if len(out):
            finish(contexts[index, 0].reshape(-1), output, output_bias, out[index].reshape(-1))
    return short


@kernel()
def copy_newest(queries, slot, window, newest):
    """The query (H, D) of the token before the place `slot` from its ring, (H, N or 1, D)."""
    place = (slot + window - 1) % window % queries.shape[1]
    for head in range(len(newest)):
        for column in range(newest.shape[1]):
            newest[head, column] = queries[head, place, column]

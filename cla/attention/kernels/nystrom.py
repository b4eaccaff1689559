"""Continual Nyström attention: a token into the state of each stream, and the low-rank product.

Landmark ticks come between: `tick.renew`, and gamma's inverse.
"""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined, kernel
from cla.attention.kernels.continual import check_counters
from cla.attention.kernels.projections import finish
from cla.attention.kernels.vectors import (
    START,
    TILE,
    clear,
    dot_rows,
    exponentials,
    exponentiate,
    sum_rows,
    write_row,
)
from cla.attention.kernels.window_sums import part_of, slide, start_of, window_total


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
    weights = np.empty((heads, 2, marks))
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
        slide(sums[stream], query_landmarks[stream], keys[stream], values[stream], slot, weights)
        slots[stream], valid[stream] = (slot + 1) % window, min(before + 1, window)
        if not len(due) or before + 1 < window:
            continue
        if start_of(part_of(slot, marks, window) + 1, marks, window) == slot + 1:
            due[stream] = 2 if before + 1 == window else 1
            waits += 1
    return waits


@entry()
def read(
    valid, slots, queries, key_landmarks, gamma_inv, sums, active, window, weight, bias, out
):  # fmt: skip
    """The output (B, E), to be written, for each active stream's newest token, see `finish`.

    Returns:
        How many windows of active streams are not full.
    """
    check_counters(window, slots, valid)
    _, heads, size, marks = key_landmarks.shape
    mixing, total, context = (
        np.empty((heads, marks)),
        np.empty((size + 1, marks)),
        np.empty((heads, size)),
    )
    short = 0
    for stream in range(len(slots)):
        if len(active) and not active[stream]:
            continue
        short += valid[stream] < window
        _share(queries[stream], slots[stream] - 1, key_landmarks[stream], mixing)
        for head in range(heads):
            window_total(total, sums[stream], head, slots[stream], window)
            _mix(mixing[head], gamma_inv[stream, head], total)
            dot_rows(context[head], total, mixing[head])
        finish(context.reshape(-1), weight, bias, out[stream])
    return short


@entry()
def read_row(
    valid, slots, queries, keys, query_landmarks, key_landmarks, gamma_inv, sums, kept, new, row
):  # fmt: skip
    """The newest token's attention (B, H, N) float32, to be written, oldest token first.

    Args:
        new: so many of the newest tokens came since `kept` was written, or landmarks changed: all.

    Shapes:
        kept: (B, H, N, M), exp(k q~) of tokens in the ring, of which the new ones are to be
            written; or (B, H, T, M), room for T of them at once, which are not kept

    Returns:
        How many windows are not full.
    """
    _, heads, size, marks = query_landmarks.shape
    window, room, short = keys.shape[2], kept.shape[2], 0
    mixing, total, tokens = (
        np.empty((heads, marks)), np.empty((size + 1, marks)), np.empty(window)
    )  # fmt: skip
    for stream in range(len(slots)):
        slot, seen = slots[stream], valid[stream]
        short += seen < window
        _share(queries[stream], slot - 1, key_landmarks[stream], mixing)
        for head in range(heads):
            window_total(total, sums[stream], head, slot, window)
            _mix(mixing[head], gamma_inv[stream, head], total)
            key, marked = keys[stream, head], query_landmarks[stream, head]
            weights = kept[stream, head]
            if room < window:
                for first in range(0, seen, room):
                    count = min(room, seen - first)
                    _weigh(weights[:count], key[first : first + count], marked)
                    dot_rows(tokens[first : first + count], weights, mixing[head])
            else:
                begin = slot - new if new < seen else 0
                end = slot if new < seen else seen
                if begin < 0:
                    _weigh(weights[begin + window :], key[begin + window :], marked)
                _weigh(weights[max(begin, 0) : end], key[max(begin, 0) : end], marked)
                dot_rows(tokens[:seen], weights, mixing[head])
            write_row(row[stream, head], tokens[:seen], slot, 1.0)
    return short


@kernel()
def _weigh(weights, keys, query_landmarks):
    """exp(K q~), (T, M), of keys (T, D) and landmarks (D, M)."""
    for token in range(len(keys)):
        sum_rows(weights[token], keys[token], query_landmarks, START)
    exponentials(weights.reshape(-1))


@entry()
def write_betas(slots, queries, key_landmarks, betas, active):
    """The column of each active stream's newest token in its ring of betas."""
    _, heads, _, marks = key_landmarks.shape
    window, found = queries.shape[2], np.empty((heads, marks))
    for stream in range(len(slots)):
        if len(active) and not active[stream]:
            continue
        newest = (slots[stream] + window - 1) % window
        _share(queries[stream], newest, key_landmarks[stream], found)
        for head in range(heads):
            for mark in range(marks):
                betas[stream, head, mark, newest] = found[head, mark]


@entry()
def read_rows(valid, slots, betas, gamma_inv, sums, active, window, out):
    """Contexts of all rows, oldest first; zero where no token was seen, and of idle streams.

    Shapes:
        betas: (B, H, M, `column_stride`)
        sums: (B, R, H, D + 1, M)
        out: (B, E, `column_stride`) float32, to be written

    Returns:
        How many windows of active streams are not full.
    """
    check_counters(window, slots, valid)
    heads, marks, size, short = betas.shape[1], betas.shape[2], sums.shape[3] - 1, 0
    mixed, total, tile = np.empty((size, marks)), np.empty((size + 1, marks)), np.empty(TILE)
    for stream in range(len(slots)):
        slot, seen, idle = slots[stream], valid[stream], len(active) and not active[stream]
        if idle or seen < window:
            clear(out[stream])
            short += not idle
        for head in range(0 if idle else heads):
            window_total(total, sums[stream], head, slot, window)
            for column in range(size):
                for mark in range(marks):
                    total[column, mark] /= total[size, mark]
                dot_rows(mixed[column], gamma_inv[stream, head], total[column])
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
def _share(queries, place, key_landmarks, betas):
    """Softmax(q K~^T) of a token in the ring.

    Shapes:
        queries: (H, N or 1, D)
        key_landmarks: (H, D, M)
        betas: (H, M), to be written
    """
    newest = (place + queries.shape[1]) % queries.shape[1]
    for head in range(len(queries)):
        sum_rows(betas[head], queries[head, newest], key_landmarks[head], START)
        total = exponentiate(betas[head])
        for mark in range(betas.shape[1]):
            betas[head, mark] /= total


@inlined()
def _mix(betas, gamma_inv, total):
    """Turn betas (M) into beta gamma^+ / z: what each landmark's sums (D + 1, M) count for."""
    mixing = np.empty(len(betas))
    sum_rows(mixing, betas, gamma_inv, START)
    for mark in range(len(betas)):
        betas[mark] = mixing[mark] / total[-1, mark]

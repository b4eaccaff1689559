"""The attention of the newest token over its window, from what was computed when tokens entered."""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined
from cla.attention.kernels.vectors import (
    START,
    all_near,
    dot_rows,
    exponentials,
    exponentiate,
    sum_rows,
)
from cla.attention.kernels.window_sums import TOTAL, part_of, start_of


@entry()
def softmax_row(valid, slots, queries, keys, row):
    """Of the states of continual attention.

    Shapes:
        queries: (B, H, D, 1)
        keys: (B, H, D, `column_stride`)
        row: (B, H, N) float32, to be written
    """
    query = np.empty(keys.shape[2])
    for stream in range(len(valid)):
        seen = valid[stream]
        logits, bits = np.empty(seen), np.empty(seen, np.int64)
        for head in range(keys.shape[1]):
            for column in range(len(query)):
                query[column] = queries[stream, head, column, 0]
            sum_rows(logits, query, keys[stream, head], START)
            _, whole = exponentiate(logits, bits)
            write_row(row[stream, head], logits, slots[stream], 1.0 / whole)


@entry()
def low_rank_row(
    valid, slots, queries, keys, query_landmarks, key_landmarks, gamma_inv, sums, ring, follows,
    continual, row,
):  # fmt: skip
    """Of the states of continual Nyström attention: the newest beta, gamma^+ and the ring's delta.

    Args:
        ring: exp(q~ k) of the tokens in the window, to be kept.
        follows: whether that of all tokens but the newest is there.

    Shapes:
        ring: (B, H, M, `column_stride`)
        row: (B, H, N) float32, to be written

    Returns:
        False where an exponential does not bear to be kept without a shift.
    """
    batch, heads, size, marks = query_landmarks.shape
    window = keys.shape[2]
    vector, landmark, betas, mixing = (
        np.empty(size), np.empty(size), np.empty(marks), np.empty(marks)
    )  # fmt: skip
    bits, tokens = np.empty(max(window, marks), np.int64), np.empty(window)
    for stream in range(batch):
        seen, slot = valid[stream], slots[stream]
        newest = (slot + window - 1) % window
        segment = part_of(newest, marks, window)
        ticked = continual and start_of(segment + 1, marks, window) == newest + 1
        for head in range(heads if seen else 0):
            for mark in range(marks):
                if follows and not (ticked and mark == segment):
                    continue
                for column in range(size):
                    landmark[column] = query_landmarks[stream, head, column, mark]
                dot_rows(tokens[:seen], keys[stream, head], landmark)
                if not all_near(tokens[:seen]):
                    return False
                exponentials(tokens[:seen], bits)
                for token in range(seen):
                    ring[stream, head, mark, token] = tokens[token]
            if follows:
                sum_rows(mixing, keys[stream, head, newest], query_landmarks[stream, head], START)
                if not all_near(mixing):
                    return False
                exponentials(mixing, bits)
                for mark in range(marks):
                    ring[stream, head, mark, newest] = mixing[mark]
            for column in range(size):
                vector[column] = queries[stream, head, newest % queries.shape[2], column]
            sum_rows(betas, vector, key_landmarks[stream, head], START)
            _, whole = exponentiate(betas, bits)
            sum_rows(mixing, betas, gamma_inv[stream, head], START)
            for mark in range(marks):
                if sums[stream, TOTAL, head, 0, mark] != 0.0:
                    return False
                mixing[mark] /= sums[stream, TOTAL, head, size + 1, mark]
            sum_rows(tokens[:seen], mixing, ring[stream, head], START)
            write_row(row[stream, head], tokens[:seen], slot, 1.0 / whole)
    return True


@inlined()
def write_row(row, tokens, slot, scale):
    """Numbers of the tokens in a ring, scaled, from the oldest on; zero before them.

    Args:
        slot: the place of the next token.
    """
    window, seen = len(row), len(tokens)
    for index in range(window - seen):
        row[index] = 0.0
    # Places from `slot` on are the oldest; while the window fills there are none.
    oldest = slot if seen == window else 0
    for index in range(seen - oldest):
        row[window - seen + index] = tokens[oldest + index] * scale
    for index in range(oldest):
        row[window - oldest + index] = tokens[index] * scale

"""A landmark tick: landmarks, sums and gamma follow the stream."""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined, kernel
from cla.attention.kernels.vectors import START, dot_rows, exponentiate, sum_rows
from cla.attention.kernels.window_sums import (
    CYCLE,
    FIRST_BLOCK,
    HEAD,
    OTHERS,
    TOTAL,
    clear,
    copy,
    merge,
    num_blocks,
    part_of,
    rescale,
    start_of,
    suffix_row,
    weigh,
)

ONE = np.int64(1)
"""Landmark; of a type, see `START`."""


@entry()
def renew(slots, queries, keys, values, query_landmarks, key_landmarks, sums, due, gammas):
    """Let landmarks enter that are due, into a `NystromState` but its gamma_inv and betas.

    Args:
        due: (B,) 1 where the landmark is that of the newest token's segment, 2 where the window has
            become full and all are new.
        gammas: (B, H, M, M), to be written where landmarks are due.
    """
    batch, heads, size, marks = query_landmarks.shape
    window = keys.shape[2]
    logits, shifts = np.empty(window), np.empty(window)
    bits = np.empty(max(window, marks), np.int64)
    table = np.empty((sums.shape[1], size + 2))
    landmark = np.empty(size)
    for stream in range(batch):
        segment = part_of((slots[stream] + window - 1) % window, marks, window)
        first, last = (segment, segment + 1) if due[stream] == 1 else (0, marks * (due[stream] > 0))
        for head in range(heads if due[stream] else 0):
            gamma = gammas[stream, head]
            for mark in range(first, last):
                begin, end = start_of(mark, marks, window), start_of(mark + 1, marks, window)
                for column in range(size):
                    query, key = 0.0, 0.0
                    for token in range(begin, end):
                        query += queries[stream, head, token, column]
                        key += keys[stream, head, token, column]
                    landmark[column] = query / (end - begin)
                    query_landmarks[stream, head, column, mark] = landmark[column]
                    key_landmarks[stream, head, column, mark] = key / (end - begin)
                dot_rows(logits, keys[stream, head], landmark)
                near = weigh(logits, shifts, bits)
                build(table, logits, shifts, values[stream, head], slots[stream], near)
                for row in range(table.shape[0]):
                    for column in range(size + 2):
                        sums[stream, row, head, column, mark] = table[row, column]
            for mark in range(marks):
                for column in range(size):
                    landmark[column] = query_landmarks[stream, head, column, mark]
                sum_rows(gamma[mark], landmark, key_landmarks[stream, head], START)
                _, whole = exponentiate(gamma[mark], bits)
                for other in range(marks):
                    gamma[mark, other] /= whole


@inlined()
def build(table, weights, shifts, values, slot, near):
    """One landmark's column of the table of a full window, anew, as `window_sums.build_table`.

    Args:
        weights, shifts: of the tokens of the ring under the landmark.
        slot: the place of the next token.
        near: whether all shifts are 0.

    Shapes:
        table: (R, D + 2)
        values: (N, D + 1)
    """
    window = len(values)
    count = num_blocks(window)
    block = part_of(slot, count, window)
    start = start_of(block, count, window)
    for index in range(count):
        first, end = start_of(index, count, window), start_of(index + 1, count, window)
        beside = index == block or index == (block + 1) % count
        clear(table[FIRST_BLOCK + index], ONE)
        if near and not beside:
            table[FIRST_BLOCK + index, 0] = 0.0
            sum_rows(table[FIRST_BLOCK + index, 1:], weights[first:end], values[first:end], START)
            continue
        for token in range(end - 1, first - 1, -1):
            _add(table[FIRST_BLOCK + index], shifts[token], weights[token], values[token])
            if beside and token > first:
                row = suffix_row(window, count, index, token - first)
                copy(table[row], table[FIRST_BLOCK + index])
    for row in (HEAD, CYCLE, OTHERS):
        clear(table[row], ONE)
    for token in range(start, slot):
        _add(table[HEAD], shifts[token], weights[token], values[token])
    for index in range(count):
        if 0 < index < block:
            merge(table[CYCLE], table[FIRST_BLOCK + index], ONE)
        if index != block:
            merge(table[OTHERS], table[FIRST_BLOCK + index], ONE)
    copy(table[TOTAL], table[OTHERS])
    merge(table[TOTAL], table[FIRST_BLOCK + block], ONE)
    # While block 0 is overwritten, so many have been made as it has new tokens.
    made = block + 1 if block else max(count - 1 - (slot - start), 2)
    for index in range(count - 2, made - 1, -1):
        merge(table[FIRST_BLOCK + index], table[FIRST_BLOCK + index + 1], ONE)


@kernel()
def _add(into, shift, weight, value):
    """Merge one token into the sums of one landmark."""
    into[0], ours, theirs = rescale(into[0], shift)
    for column in range(len(value)):
        into[column + 1] = ours * into[column + 1] + theirs * weight * value[column]

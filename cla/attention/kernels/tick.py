"""A landmark tick: landmarks, sums and gamma follow the stream."""

import numpy as np

from cla.attention.kernels.compiled import entry, inlined
from cla.attention.kernels.vectors import (
    START,
    clear,
    dot_rows,
    exponentials,
    exponentiate,
    sum_rows,
)
from cla.attention.kernels.window_sums import (
    FIRST_BLOCK,
    HEAD,
    NEXT,
    OTHERS,
    num_blocks,
    old_row,
    part_of,
    start_of,
)


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
    weights, landmark = np.empty(window), np.empty(size)
    table = np.empty((sums.shape[1], size + 1))
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
                dot_rows(weights, keys[stream, head], landmark)
                exponentials(weights)
                build(table, weights, values[stream, head], slots[stream])
                for row in range(table.shape[0]):
                    for column in range(size + 1):
                        sums[stream, row, head, column, mark] = table[row, column]
            for mark in range(marks):
                for column in range(size):
                    landmark[column] = query_landmarks[stream, head, column, mark]
                sum_rows(gamma[mark], landmark, key_landmarks[stream, head], START)
                whole = exponentiate(gamma[mark])
                for other in range(marks):
                    gamma[mark, other] /= whole


@inlined()
def build(table, weights, values, slot):
    """One landmark's column of the table of a window, anew, as `window_sums.build_table`.

    Args:
        weights: of the tokens of the ring under the landmark.
        slot: the place of the next token.

    Shapes:
        table: (R, D + 1)
        values: (N, D + 1)
    """
    window = len(values)
    count = num_blocks(window)
    block = part_of(slot, count, window)
    place, following = slot - start_of(block, count, window), (block + 1) % count
    clear(table)
    for index in range(count):
        first, end = start_of(index, count, window), start_of(index + 1, count, window)
        whole = table[FIRST_BLOCK + index]
        sum_rows(whole, weights[first:end], values[first:end], START)
        in_next = (index - following - 1) % count < min(place, count - 2)
        for column in range(len(whole)):
            if index != block:
                table[OTHERS, column] += whole[column]
            if in_next:
                table[NEXT, column] += whole[column]
        if index in (block, following):
            for offset in range(end - first - 1, 0, -1):
                row, token = old_row(index, offset, count, window), first + offset
                for column in range(values.shape[1]):
                    behind = table[row + 1, column] if token + 1 < end else 0.0
                    table[row, column] = behind + weights[token] * values[token, column]
    first = slot - place
    sum_rows(table[HEAD], weights[first:slot], values[first:slot], START)

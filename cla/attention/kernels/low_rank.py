"""The low-rank product, beta gamma^+ (delta V): of the newest token, or of all rows of a window."""

import numpy as np

from cla.attention.kernels.compiled import kernel
from cla.attention.kernels.vectors import (
    clear_rows,
    dot_rows,
    exponentiate_rows,
    sum_rows,
    sum_rows_from,
)
from cla.attention.kernels.window_sums import TOTAL

TILE = 256
"""Rows worked on at once: what is known of them stays in the cache."""


@kernel()
def read_newest(stream, slot, scratch, context):
    """Contexts (H, D) of the token before the place `slot`."""
    heads, size, marks = stream.query_landmarks.shape
    betas, mixing = scratch.betas, scratch.mixing
    share(stream, slot, scratch)
    for head in range(heads):
        sum_rows(mixing, betas[head], stream.gamma_inv[head])
        total = stream.sums[TOTAL, head]
        for mark in range(marks):
            mixing[mark] /= scratch.totals[head] * total[size + 1, mark]
        dot_rows(context[head], total[1 : size + 1], mixing)


@kernel()
def share(stream, slot, scratch):
    """Softmax(q K~^T) of the token before a place, times the sums that it leaves in `totals`."""
    window, kept = stream.keys.shape[1], stream.queries.shape[1]
    newest = (slot + window - 1) % window % kept
    for head in range(len(stream.queries)):
        # A copy: a row of the ring would be another type of array.
        for column in range(len(scratch.query)):
            scratch.query[column] = stream.queries[head, newest, column]
        sum_rows(scratch.betas[head], scratch.query, stream.key_landmarks[head])
    exponentiate_rows(scratch.betas, scratch.totals, scratch.bits)


@kernel()
def write_beta(stream, slot, scratch):
    """The column of the token at a place in the ring of betas."""
    heads, marks, _ = stream.betas.shape
    share(stream, slot + 1, scratch)
    for head in range(heads):
        for mark in range(marks):
            stream.betas[head, mark, slot] = scratch.betas[head, mark] / scratch.totals[head]


@kernel()
def read_rows(betas, gamma_inv, sums, slot, seen, window, out):
    """Contexts of all rows, oldest first; zero where no token was seen.

    Args:
        slot: the place of the next token.

    Shapes:
        betas: (H, M, `column_stride`)
        sums: (R, H, D + 2, M)
        out: (E, `column_stride`) float32, to be written
    """
    heads, marks, _ = betas.shape
    size = sums.shape[2] - 2
    mixed, means, tile = np.empty((size, marks)), np.empty(marks), np.empty(TILE)
    if seen < window:
        clear_rows(out)
    for head in range(heads):
        total = sums[TOTAL, head]
        for column in range(size):
            for mark in range(marks):
                means[mark] = total[column + 1, mark] / total[size + 1, mark]
            dot_rows(mixed[column], gamma_inv[head], means)
        # Places from `slot` on are the oldest.
        for begin, end, shift in ((slot, seen, -slot), (0, slot, window - slot)):
            for first in range(begin, end, TILE):
                count = min(TILE, end - first)
                for column in range(size):
                    sum_rows_from(tile[:count], mixed[column], betas[head], first)
                    row, at = head * size + column, max(first + shift, 0)
                    for index in range(count):
                        out[row, at + index] = tile[index]

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
def read_newest(stream, queries, scratch, context):
    """Contexts of the token whose queries are given.

    Shapes:
        queries: (H, D)
        context: (H, D), to be written
    """
    heads, size, marks = stream.query_landmarks.shape
    betas, mixing = scratch.betas, scratch.mixing
    share(stream, queries, scratch)
    for head in range(heads):
        sum_rows(mixing, betas[head], stream.gamma_inv[head])
        total = stream.sums[TOTAL, head]
        for mark in range(marks):
            mixing[mark] /= scratch.totals[head] * total[size + 1, mark]
        dot_rows(context[head], total[1 : size + 1], mixing)


@kernel()
def share(stream, queries, scratch):
    """Softmax(q K~^T) of one token in all heads, times the sums that it leaves in `totals`."""
    for head in range(len(queries)):
        sum_rows(scratch.betas[head], queries[head], stream.key_landmarks[head])
    exponentiate_rows(scratch.betas, scratch.totals, scratch.bits)


@kernel()
def write_beta(stream, queries, slot, scratch):
    """The column of the newest token in the ring of betas."""
    heads, marks, _ = stream.betas.shape
    share(stream, queries, scratch)
    for head in range(heads):
        for mark in range(marks):
            stream.betas[head, mark, slot] = scratch.betas[head, mark] / scratch.totals[head]


@kernel()
def read_rows(stream, slot, seen, out):
    """Contexts of all rows, oldest first; zero where no token was seen.

    Args:
        slot: the place of the next token.

    Shapes:
        out: (E, `column_stride`) float32, to be written
    """
    heads, size, marks = stream.query_landmarks.shape
    window = stream.keys.shape[1]
    mixed, means, tile = np.empty((size, marks)), np.empty(marks), np.empty(TILE)
    if seen < window:
        clear_rows(out)
    for head in range(heads):
        total = stream.sums[TOTAL, head]
        for column in range(size):
            for mark in range(marks):
                means[mark] = total[column + 1, mark] / total[size + 1, mark]
            dot_rows(mixed[column], stream.gamma_inv[head], means)
        # Places from `slot` on are the oldest.
        for begin, end, shift in ((slot, seen, -slot), (0, slot, window - slot)):
            for first in range(begin, end, TILE):
                count = min(TILE, end - first)
                for column in range(size):
                    sum_rows_from(tile[:count], mixed[column], stream.betas[head], first)
                    row, at = head * size + column, max(first + shift, 0)
                    for index in range(count):
                        out[row, at + index] = tile[index]

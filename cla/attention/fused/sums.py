"""Partial sums in a flat table: see `partial_sums`; a leaf takes the shift 0 where it can.

The shift of a partial sum need not be its largest logit, only near it: with float64 sums all logits
within 300 of 0 share the shift 0, and merging is plain addition.
"""

import numpy as np
from numba import njit

NEAR = 300.0
EMPTY = np.finfo(np.float64).min / 4


@njit(cache=True, nogil=True, inline="always")
def clear(table, at, columns):
    """Make an entry the sum of nothing."""
    table[at] = EMPTY
    for column in range(1, columns):
        table[at + column] = 0.0


@njit(cache=True, nogil=True, inline="always")
def copy(table, at, source, start, columns):
    """Overwrite an entry by another."""
    for column in range(columns):
        table[at + column] = source[start + column]


@njit(cache=True, nogil=True, inline="always")
def set_leaf(table, at, logit, values, start, columns):
    """Make an entry the sum of a single token."""
    shift = 0.0 if abs(logit) < NEAR else logit
    weight = np.exp(logit - shift)
    table[at] = shift
    for column in range(1, columns):
        table[at + column] = weight * values[start + column - 1]


@njit(cache=True, nogil=True, inline="always")
def add(table, at, source, start, columns):
    """Merge another entry into an entry."""
    ours, theirs = table[at], source[start]
    if ours == theirs:
        for column in range(1, columns):
            table[at + column] += source[start + column]
    elif ours > theirs:
        weight = np.exp(theirs - ours)
        for column in range(1, columns):
            table[at + column] += weight * source[start + column]
    else:
        weight = np.exp(ours - theirs)
        table[at] = theirs
        for column in range(1, columns):
            table[at + column] = weight * table[at + column] + source[start + column]

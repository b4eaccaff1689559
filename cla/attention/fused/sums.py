"""Partial sums in a flat table: see `partial_sums`; a leaf takes the shift 0 where it can.

The shift of a partial sum need not be its largest logit, only near it: with float64 sums all logits
within 300 of 0 share the shift 0, and merging is plain addition.
"""

import numpy as np

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import place
from cla.attention.fused.kernel import kernel

NEAR = 300.0
EMPTY = float(np.finfo(np.float32).min) / 4


@kernel(inline="always")
def clear(table, at, columns):
    """Make an entry the sum of nothing."""
    base = place(at)
    table[base] = EMPTY
    for column in range(place(1), place(columns)):
        table[base + column] = 0.0


@kernel(inline="always")
def copy(table, at, source, start, columns):
    """Overwrite a run of numbers by another."""
    left, right = place(at), place(start)
    for column in range(place(columns)):
        table[left + column] = source[right + column]


@kernel(inline="always")
def set_leaf(table, at, logit, values, start, columns):
    """Make an entry the sum of a single token."""
    shift = 0.0 if abs(logit) < NEAR else logit
    weight = np.exp(logit - shift)
    left, right = place(at) + place(1), place(start)
    table[place(at)] = shift
    for column in range(place(columns - 1)):
        table[left + column] = weight * values[right + column]


@kernel(inline="always")
def add(table, at, source, start, columns):
    """Merge another entry into an entry."""
    left, right = place(at), place(start)
    ours, theirs = table[left], source[right]
    if ours == theirs:
        for column in range(place(1), place(columns)):
            table[left + column] += source[right + column]
    elif ours > theirs:
        weight = np.exp(theirs - ours)
        for column in range(place(1), place(columns)):
            table[left + column] += weight * source[right + column]
    else:
        weight = np.exp(ours - theirs)
        table[left] = theirs
        for column in range(place(1), place(columns)):
            table[left + column] = weight * table[left + column] + source[right + column]


@kernel(inline="always")
def plain(table, at, rows, columns):
    """Whether all of some neighboring entries have the shift 0."""
    other = 0
    for row in range(place(rows)):
        other += table[place(at) + row * place(columns)] != 0.0
    return other == 0


@kernel(fastmath={"reassoc", "contract"})
def add_rows(table, at, source, start, rows, columns):
    """Merge neighboring entries into neighboring entries; of shift 0 they are one long run."""
    if plain(table, at, rows, columns) and plain(source, start, rows, columns):
        left, right = place(at), place(start)
        for index in range(place(rows * columns)):
            table[left + index] += source[right + index]
    else:
        for row in range(rows):
            add(table, at + row * columns, source, start + row * columns, columns)


@kernel(fastmath={"reassoc", "contract"})
def sum_rows(total, table, first, second, third, rows, columns):
    """total = three runs of neighboring entries, merged."""
    if (
        plain(table, first, rows, columns)
        and plain(table, second, rows, columns)
        and plain(table, third, rows, columns)
    ):
        one, two, three = place(first), place(second), place(third)
        for index in range(place(rows * columns)):
            total[index] = table[one + index] + table[two + index] + table[three + index]
    else:
        copy(total, 0, table, first, rows * columns)
        add_rows(total, 0, table, second, rows, columns)
        add_rows(total, 0, table, third, rows, columns)


@kernel(fastmath={"reassoc", "contract"})
def set_leaves(table, at, logits, work, values, start, rows, columns):
    """Make neighboring entries the sums of one token, one logit each; logits become weights."""
    for row in range(place(rows)):
        shift = 0.0 if abs(logits[row]) < NEAR else logits[row]
        table[place(at) + row * place(columns)] = shift
        logits[row] -= shift
    exponentials(logits, rows, work)
    first, right, stride = place(at) + place(1), place(start), place(columns)
    quads = place(rows // 4 * 4)
    for row in range(place(0), quads, place(4)):
        left = first + row * stride
        one, two = logits[row], logits[row + place(1)]
        three, four = logits[row + place(2)], logits[row + place(3)]
        for column in range(place(columns - 1)):
            value = values[right + column]
            table[left + column] = one * value
            table[left + stride + column] = two * value
            table[left + place(2) * stride + column] = three * value
            table[left + place(3) * stride + column] = four * value
    for row in range(quads, place(rows)):
        left = first + row * stride
        for column in range(place(columns - 1)):
            table[left + column] = logits[row] * values[right + column]


@kernel()
def clear_rows(table, at, rows, columns):
    """Make neighboring entries the sums of nothing."""
    for row in range(rows):
        clear(table, at + row * columns, columns)

"""Entries of a flat table, as `window_sums` lays it out: the partial sums of a head's landmarks.

An entry is (D + 2, M): the shifts, then the sums column by column, so that loops run over the
landmarks. A shift need not be the largest logit, only near it: with float64 sums all logits within
300 of 0 share the shift 0, and merging is plain addition.
"""

import numpy as np

from cla.attention.fused.exponentials import exponentials
from cla.attention.fused.index import ZERO, clear_run, place
from cla.attention.fused.kernel import kernel
from cla.attention.partial_sums import NEAR

EMPTY = float(np.finfo(np.float32).min) / 4


@kernel(fastmath={"reassoc"})
def plain(table, at, marks):
    """Whether all shifts of an entry are 0."""
    others = 0
    for mark in range(place(marks)):
        others += table[place(at) + mark] != 0.0
    return others == 0


@kernel()
def clear(table, at, marks, columns):
    """Make an entry the sums of nothing."""
    for mark in range(place(marks)):
        table[place(at) + mark] = EMPTY
    clear_run(table, at + marks, marks * (columns - 1))


@kernel()
def copy(target, at, source, start, count):
    """Overwrite a run of numbers by another."""
    left, right = place(at), place(start)
    for index in range(place(count)):
        target[left + index] = source[right + index]


@kernel()
def weigh(logits, shifts, work, count):
    """Turn logits into shifts and weights, exp(logit - shift)."""
    for index in range(place(count)):
        shift = 0.0 if abs(logits[index]) < NEAR else logits[index]
        shifts[index] = shift
        logits[index] -= shift
    exponentials(logits, count, work)


@kernel(inline="always")
def rescale(ours, theirs):
    """The shift of a merged sum, and what both sums are to be multiplied with."""
    shift = max(ours, theirs)
    return shift, np.exp(ours - shift), np.exp(theirs - shift)


@kernel(fastmath={"contract"})
def add(target, at, source, start, marks, columns):
    """Merge an entry into another one."""
    left, right, stride = place(at), place(start), place(marks)
    if plain(target, at, marks) and plain(source, start, marks):
        for index in range(place(marks * columns)):
            target[left + index] += source[right + index]
        return
    for mark in range(stride):
        one, two = left + mark, right + mark
        target[one], ours, theirs = rescale(target[one], source[two])
        for column in range(place(1), place(columns)):
            place_of = column * stride
            target[one + place_of] = ours * target[one + place_of] + theirs * source[two + place_of]


@kernel(fastmath={"contract"})
def set_token(target, at, weights, shifts, first, values, value_at, marks, columns):
    """Make an entry the sums of one token, whose weights and shifts begin at `first`."""
    left, origin, stride = place(at), place(first), place(marks)
    for mark in range(stride):
        target[left + mark] = shifts[origin + mark]
    for column in range(place(columns - 1)):
        value = values[place(value_at) + column]
        row = left + (column + place(1)) * stride
        for mark in range(stride):
            target[row + mark] = weights[origin + mark] * value


@kernel(fastmath={"contract"})
def add_token(target, at, weights, shifts, first, room, values, value_at, marks, columns):
    """Merge one token, as in `set_token`, into an entry; `room` is that of an entry."""
    left, origin, stride = place(at), place(first), place(marks)
    if not (plain(target, at, marks) and plain(shifts, first, marks)):
        set_token(room, ZERO, weights, shifts, first, values, value_at, marks, columns)
        add(target, at, room, ZERO, marks, columns)
        return
    for column in range(place(columns - 1)):
        value = values[place(value_at) + column]
        row = left + (column + place(1)) * stride
        for mark in range(stride):
            target[row + mark] += weights[origin + mark] * value


@kernel(fastmath={"reassoc", "contract"})
def sum_three(total, table, first, second, third, marks, columns):
    """total = three entries, merged."""
    if plain(table, first, marks) and plain(table, second, marks) and plain(table, third, marks):
        one, two, three = place(first), place(second), place(third)
        for index in range(place(marks * columns)):
            total[index] = table[one + index] + table[two + index] + table[three + index]
    else:
        copy(total, ZERO, table, first, marks * columns)
        add(total, ZERO, table, second, marks, columns)
        add(total, ZERO, table, third, marks, columns)

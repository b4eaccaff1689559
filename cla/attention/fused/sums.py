"""Entries of a flat table, as `window_sums` lays it out: the partial sums of a head's landmarks.

An entry is (D + 2, M): the shifts, then the sums column by column, so that loops run over the
landmarks. A shift need not be the largest logit, only near it: with float64 sums all logits within
300 of 0 share the shift 0, and merging is plain addition.
"""

import numpy as np

from cla.attention.fused.exponentials import exponential, exponentials
from cla.attention.fused.index import ZERO, clear_run, place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import STEP, larger, largest, spread, total
from cla.attention.fused.runs import load, store, upto
from cla.attention.partial_sums import NEAR

EMPTY = float(np.finfo(np.float32).min) / 4
NOTHING = 800.0
"""exp(-800) is 0."""


@kernel()
def plain(table, at, marks):
    """Whether all shifts of an entry are 0."""
    return all_plain(table, at, at, at, at, marks)


@inlined()
def all_plain(table, first, second, third, fourth, marks):
    """Whether all shifts of four entries are 0."""
    squares, count = spread(0.0), place(marks)
    for mark in range(place(0), count, STEP):
        for at in (first, second, third, fourth):
            shifts = load(table, place(at) + mark, upto(count - mark))
            squares += shifts * shifts
    return total(squares) == 0.0


@inlined()
def clear(table, at, marks, columns):
    """Make an entry the sums of nothing."""
    for mark in range(place(marks)):
        table[place(at) + mark] = EMPTY
    clear_run(table, at + marks, marks * (columns - 1))


@kernel()
def copy(target, at, source, start, count):
    """Overwrite a run of numbers by another."""
    for index in range(place(0), place(count), STEP):
        some = upto(place(count) - index)
        store(target, place(at) + index, some, load(source, place(start) + index, some))


@inlined()
def weigh(logits, shifts, count):
    """Turn logits into shifts and weights, exp(logit - shift); whether all shifts are 0."""
    squares, end = spread(0.0), place(count)
    for index in range(place(0), end, STEP):
        numbers = load(logits, index, upto(end - index))
        squares = larger(squares, numbers * numbers)
    if largest(squares) < NEAR * NEAR:
        for index in range(place(0), end, STEP):
            some = upto(end - index)
            store(shifts, index, some, spread(0.0))
            store(logits, index, some, exponential(load(logits, index, some)))
        return True
    for index in range(end):
        shift = 0.0 if abs(logits[index]) < NEAR else logits[index]
        shifts[index] = shift
        logits[index] -= shift
    exponentials(logits, count)
    return False


@kernel(inline="always")
def rescale(ours, theirs):
    """The shift of a merged sum, and what both sums are to be multiplied with."""
    if ours == theirs:
        return ours, 1.0, 1.0
    if ours < theirs - NOTHING:
        return theirs, 0.0, 1.0
    if theirs < ours - NOTHING:
        return ours, 1.0, 0.0
    shift = max(ours, theirs)
    return shift, np.exp(ours - shift), np.exp(theirs - shift)


@kernel(fastmath={"contract"})
def add(target, at, source, start, marks, columns):
    """Merge an entry into another one."""
    left, right, stride = place(at), place(start), place(marks)
    if plain(target, at, marks) and plain(source, start, marks):
        count = place(marks * columns)
        for index in range(place(0), count, STEP):
            some = upto(count - index)
            found = load(target, left + index, some) + load(source, right + index, some)
            store(target, left + index, some, found)
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


@inlined()
def add_two(total_, table, places, weights, values, value_at, marks, columns):
    """One token into the head and one into a suffix sum, and all sums; all shifts are 0.

    Args:
        total_: the sums of head, rest and others.
        places: of the head, the rest of its block, the others, the suffix sum that is due, and the
            one before.
        weights: of the new token, then of the suffix sum's.
        value_at: where the values of both tokens begin.
    """
    head, rest, others, due, before = places
    new_at, old_at = place(value_at[0]), place(value_at[1])
    count = place(marks)
    for mark in range(place(0), count, STEP):
        some = upto(count - mark)
        new, old = load(weights, mark, some), load(weights, count + mark, some)
        nothing = spread(0.0)
        store(total_, mark, some, nothing)
        store(table, place(due) + mark, some, nothing)
        for column in range(place(columns - 1)):
            at = (column + place(1)) * count + mark
            sums = load(table, place(head) + at, some) + new * spread(values[new_at + column])
            suffix = load(table, place(before) + at, some) + old * spread(values[old_at + column])
            others_here = load(table, place(others) + at, some)
            rest_here = load(table, place(rest) + at, some)
            store(table, place(head) + at, some, sums)
            store(table, place(due) + at, some, suffix)
            store(total_, at, some, sums + others_here + rest_here)


@kernel()
def sum_three(total_, table, first, second, third, marks, columns):
    """total_ = three entries, merged."""
    copy(total_, ZERO, table, first, marks * columns)
    add(total_, ZERO, table, second, marks, columns)
    add(total_, ZERO, table, third, marks, columns)

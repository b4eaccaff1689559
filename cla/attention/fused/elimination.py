"""The pseudo-inverse of one matrix (M, M) by elimination, where few singular values are small."""

import numpy as np

from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import STEP, larger, largest, spread, total
from cla.attention.fused.matrix import dot, row_times, times_column
from cla.attention.fused.runs import load, store, upto
from cla.attention.pseudo_inverse import SINGULAR_VALUE_CUTOFF

MOST_SMALL = 3
"""Singular values that are dropped one by one; where there are more, all are better found at once.
"""
FAINTEST = 1e-8
"""Share of the largest singular value below which rounding errors hide what an inverse holds of the
others."""
MOST_TURNS = 10
SETTLED = 1e-10
"""Change of a unit vector after which it is taken for a singular vector."""


@kernel()
def eliminate(out, out_at, matrix, size, room):
    """The inverse; returns whether no pivot is zero.

    In place: the column of a step's pivot, which is the largest left in its row, gives way to a
    column of the inverse.
    """
    count, target = place(size), place(out_at)
    free, pivots = count * count, (count + place(1)) * count
    for index in range(place(0), free, STEP):
        some = upto(free - index)
        store(room, index, some, load(matrix, index, some))
    for column in range(count):
        room[free + column] = 1.0
    for step in range(count):
        ours, squares = step * count, spread(0.0)
        for column in range(place(0), count, STEP):
            some = upto(count - column)
            number = load(room, ours + column, some)
            squares = larger(squares, number * number * load(room, free + column, some))
        highest = largest(squares)
        if not highest > 0.0:
            return False
        pivot = place(0)
        while room[ours + pivot] * room[ours + pivot] * room[free + pivot] != highest:
            pivot += place(1)
        room[free + pivot], room[pivots + step] = 0.0, pivot
        scale = 1.0 / room[ours + pivot]
        # One more, so that others lose what they hold in this column and get their share of it.
        room[ours + pivot] += 1.0
        for column in range(place(0), count, STEP):
            some = upto(count - column)
            store(room, ours + column, some, load(room, ours + column, some) * spread(scale))
        for row in range(count):
            if row != step:
                share = spread(room[row * count + pivot])
                for column in range(place(0), count, STEP):
                    some, at = upto(count - column), row * count + column
                    found = load(room, at, some) - share * load(room, ours + column, some)
                    store(room, at, some, found)
        room[ours + pivot] = scale
    for row in range(count):
        to = target + place(room[pivots + row]) * count
        for column in range(count):
            out[to + column] = room[row * count + place(room[pivots + column])]
    return True


@kernel()
def drop_small(inverse, at, matrix, size, room):
    """Take singular values below the cut-off out of an inverse: they are its largest.

    Returns:
        Whether `inverse` now is the pseudo-inverse for certain: norms bound the largest singular
        value of a matrix from above, and products with unit vectors from below.
    """
    count, start = place(size), place(at)
    above, below = _bounds(matrix, count, room)
    for _ in range(MOST_SMALL + 1):
        square, longest, longest_row = 0.0, -1.0, ZERO
        for row in range(size):
            row_at = start + place(row) * count
            found = dot(inverse, row_at, inverse, row_at, count)
            square += found
            if found > longest:
                longest, longest_row = found, row
        if square * above * SINGULAR_VALUE_CUTOFF**2 < 1.0:
            return True
        if not square * above * FAINTEST**2 < 1.0:
            return False
        for column in range(place(0), count, STEP):
            some, longest_at = upto(count - column), start + place(longest_row) * count + column
            store(room, count + column, some, load(inverse, longest_at, some))
        largest_square = _largest_pair(inverse, at, size, room)
        if not largest_square * below * SINGULAR_VALUE_CUTOFF**2 > 1.0:
            return False
        for row in range(count):
            share = spread(room[row])
            for column in range(place(0), count, STEP):
                some, to = upto(count - column), start + row * count + column
                rest = load(inverse, to, some) - share * load(room, count + column, some)
                store(inverse, to, some, rest)
    return False


@inlined()
def _largest_pair(matrix, at, size, room):
    """A unit vector and its product with a matrix, of the largest singular value, into `room`.

    Starts from the product's direction in `room`. Returns the square of the value, 0 if another is
    so close to it that vectors do not settle.
    """
    count = place(size)
    unit, image, product = ZERO, size, 2 * size
    for column in range(count):
        room[column] = 0.0
    for _ in range(MOST_TURNS):
        times_column(room, product, matrix, at, room, image, size, size)
        scale = spread(1.0 / np.sqrt(dot(room, place(product), room, place(product), count)))
        change = spread(0.0)
        for column in range(place(0), count, STEP):
            some = upto(count - column)
            found = load(room, place(product) + column, some) * scale
            moved = found - load(room, column, some)
            change += moved * moved
            store(room, column, some, found)
        row_times(room, image, room, unit, matrix, at, size, size)
        if total(change) < SETTLED**2:
            return dot(room, count, room, count, count)
    return 0.0


@inlined()
def _bounds(matrix, count, room):
    """Squares that the largest singular value's lies between, from above and from below."""
    above = 0.0
    for column in range(place(0), count, STEP):
        some, sums = upto(count - column), spread(0.0)
        for row in range(count):
            sums += load(matrix, row * count + column, some)
        store(room, column, some, sums)
    for row in range(count):
        above += dot(matrix, row * count, matrix, row * count, count)
    return above, dot(room, place(0), room, place(0), count) / count

"""The pseudo-inverse of one matrix (M, M) by its singular values."""

import numpy as np

from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import inlined, kernel
from cla.attention.fused.lanes import STEP, spread, total
from cla.attention.fused.matrix import dot, times_column
from cla.attention.fused.runs import load, store, upto
from cla.attention.pseudo_inverse import SINGULAR_VALUE_CUTOFF

SWEEPS = 30
"""More than enough: rotations converge quadratically, in about 4."""
ROUNDING = 1e-15
"""Cosine of two rows that are orthogonal."""
LAST = 1e-9
"""Cosine that a rotation brings, and all rotations of a sweep bring together, below rounding."""


@kernel()
def _triangle(gamma, size, room):
    """R of gamma = Q R, into the first rows of `room`; its largest rows are the first.

    Columns of gamma are taken by their length, from the largest on; of the others their share of it
    is taken away. They lie as rows behind R, and behind them the squares of their lengths.
    """
    count = place(size)
    rest, squares = count * count, place(2) * count * count
    for row in range(count):
        for column in range(count):
            room[row * count + column] = 0.0
            room[rest + row * count + column] = gamma[column * count + row]
    for row in range(count):
        at = rest + row * count
        room[squares + row] = dot(room, at, room, at, count)
    for step in range(count):
        longest = place(0)
        for column in range(count):
            if room[squares + column] > room[squares + longest]:
                longest = column
        square, chosen = room[squares + longest], rest + longest * count
        if square <= 0.0:
            break
        length = np.sqrt(square)
        room[step * count + longest], room[squares + longest] = length, 0.0
        for column in range(count):
            if room[squares + column] == 0.0:
                continue
            at = rest + column * count
            both = dot(room, chosen, room, at, count)
            room[step * count + column] = both / length
            share, left = spread(both / square), spread(0.0)
            for index in range(place(0), count, STEP):
                some = upto(count - index)
                found = load(room, at + index, some) - share * load(room, chosen + index, some)
                store(room, at + index, some, found)
                left += found * found
            room[squares + column] = total(left)


@inlined()
def _turn(room, left, right, squares, count):
    """Make two rows orthogonal; returns whether the next sweep has to look at them again."""
    one, two = room[squares + left], room[squares + right]
    first, second = left * count, right * count
    both = dot(room, first, room, second, count)
    if both * both <= ROUNDING**2 * (one * two):
        return False
    again = both * both > LAST**2 * (one * two)
    apart = two - one
    tangent = 2.0 * both / (abs(apart) + np.sqrt(apart * apart + 4.0 * both * both))
    tangent = -tangent if apart < 0.0 else tangent
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    c, s = spread(cosine), spread(cosine * tangent)
    for index in range(place(0), count, STEP):
        some = upto(count - index)
        before, after = load(room, first + index, some), load(room, second + index, some)
        store(room, first + index, some, c * before - s * after)
        store(room, second + index, some, s * before + c * after)
    room[squares + left], room[squares + right] = one - tangent * both, two + tangent * both
    return again


@kernel()
def decompose(out, out_at, gamma, size, room):
    """By singular values, those below the cut-off dropped.

    Rotations make the rows of R orthogonal to each other: they become right singular vectors, as
    long as the singular values, and gamma times them the left ones. From R they need half as many
    sweeps as from gamma. Pairs are taken as in a tournament, so that neighbors in time are of
    different rows and need not wait for each other.

    Source: one-sided Jacobi rotations (Hestenes 1958), of R (Drmac and Veselic 2008).
    """
    count = place(size)
    rest, target = count * count, place(out_at)
    for index in range(rest):
        out[target + index] = 0.0
    _triangle(gamma, size, room)
    rounds = count - place(1) if size % 2 == 0 else count
    for _ in range(SWEEPS):
        for row in range(count):
            room[rest + row] = dot(room, row * count, room, row * count, count)
        turned = False
        for turn in range(rounds):
            left, right = turn, rounds
            for pair in range((rounds + place(1)) // place(2)):
                if right < count:
                    turned |= _turn(room, left, right, rest, count)
                right = turn if pair == 0 else right
                left = left + place(1) if left + place(1) < rounds else place(0)
                right = right - place(1) if right > place(0) else rounds - place(1)
        if not turned:
            break
    largest = 0.0
    for row in range(count):
        square = dot(room, row * count, room, row * count, count)
        # Written so that what is no number stays that.
        largest = largest if square < largest else square
    for row in range(count):
        at = row * count
        square = dot(room, at, room, at, count)
        if square <= SINGULAR_VALUE_CUTOFF**2 * largest:
            continue
        times_column(room, rest, gamma, ZERO, room, at, size, size)
        for line in range(count):
            share = spread(room[at + line] / (square * square))
            for column in range(place(0), count, STEP):
                some, to = upto(count - column), target + line * count + column
                store(out, to, some, load(out, to, some) + share * load(room, rest + column, some))

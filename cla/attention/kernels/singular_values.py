"""The pseudo-inverse of one matrix (M, M) by its singular values."""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.vectors import clear_rows, dot_rows
from cla.attention.pseudo_inverse import SINGULAR_VALUE_CUTOFF

SWEEPS = 30
"""More than enough: rotations converge quadratically, in about 4."""
ROUNDING = 1e-15
"""Cosine of two rows that are orthogonal."""
LAST = 1e-9
"""Cosine that a rotation brings, and all rotations of a sweep bring together, below rounding."""


@entry()
def decompose(out, gamma):
    """By singular values, those below the cut-off dropped.

    Rotations make the rows of R orthogonal to each other: they become right singular vectors, as
    long as the singular values, and gamma times them the left ones. From R they need half as many
    sweeps as from gamma.

    Source: one-sided Jacobi rotations (Hestenes 1958), of R (Drmac and Veselic 2008).
    """
    count = len(gamma)
    rows, squares, left = _triangle(gamma), np.empty(count), np.empty(count)
    for _ in range(SWEEPS):
        _square(squares, rows)
        turned = False
        for first in range(count - 1):
            for second in range(first + 1, count):
                turned |= _turn(rows[first], rows[second], squares, first, second)
        if not turned:
            break
    _square(squares, rows)
    largest = 0.0
    for row in range(count):
        # Written so that what is no number stays that.
        largest = largest if squares[row] < largest else squares[row]
    clear_rows(out)
    for row in range(count):
        if squares[row] <= SINGULAR_VALUE_CUTOFF**2 * largest:
            continue
        dot_rows(left, gamma, rows[row])
        for line in range(count):
            share = rows[row, line] / squares[row] ** 2
            for column in range(count):
                out[line, column] += share * left[column]


@kernel()
def _triangle(gamma):
    """R of gamma = Q R; its largest rows are the first.

    Columns of gamma are taken by their length, from the largest on; of the others their share of it
    is taken away.
    """
    count = len(gamma)
    triangle, columns, squares = (
        np.zeros((count, count)), np.empty((count, count)), np.empty(count)
    )  # fmt: skip
    for row in range(count):
        for column in range(count):
            columns[column, row] = gamma[row, column]
    _square(squares, columns)
    for step in range(count):
        longest = 0
        for column in range(count):
            if squares[column] > squares[longest]:
                longest = column
        square, chosen = squares[longest], columns[longest]
        if square <= 0.0:
            break
        length = np.sqrt(square)
        triangle[step, longest], squares[longest] = length, 0.0
        for column in range(count):
            if squares[column] == 0.0:
                continue
            both, left = 0.0, 0.0
            for index in range(count):
                both += chosen[index] * columns[column, index]
            triangle[step, column] = both / length
            for index in range(count):
                columns[column, index] -= both / square * chosen[index]
                left += columns[column, index] ** 2
            squares[column] = left
    return triangle


@kernel()
def _square(squares, rows):
    """The squares of the lengths of rows."""
    for row in range(len(rows)):
        squares[row] = 0.0
        for column in range(len(rows)):
            squares[row] += rows[row, column] ** 2


@kernel()
def _turn(first, second, squares, left, right):
    """Make two rows orthogonal; returns whether the next sweep has to look at them again."""
    one, two, both = squares[left], squares[right], 0.0
    for column in range(len(first)):
        both += first[column] * second[column]
    if both * both <= ROUNDING**2 * (one * two):
        return False
    again = both * both > LAST**2 * (one * two)
    apart = two - one
    tangent = 2.0 * both / (abs(apart) + np.sqrt(apart * apart + 4.0 * both * both))
    tangent = -tangent if apart < 0.0 else tangent
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    for column in range(len(first)):
        before, after = first[column], second[column]
        first[column] = cosine * before - sine * after
        second[column] = sine * before + cosine * after
    squares[left], squares[right] = one - tangent * both, two + tangent * both
    return again

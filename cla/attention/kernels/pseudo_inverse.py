"""`cla.attention.pseudo_inverse` of one matrix (M, M), by elimination if few are small."""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.singular_values import decompose
from cla.attention.kernels.vectors import dot_rows, sum_rows
from cla.attention.pseudo_inverse import (
    FEW,
    ITERATIONS,
    LEAST,
    LEVEL,
    SINGULAR_VALUE_CUTOFF,
    SMOOTHNESS,
)

MOST_SMALL = 3
"""Singular values that are dropped one by one; where there are more, all are better found at once.
"""
FAINTEST = 1e-8
"""Share of the largest singular value below which rounding errors hide what an inverse holds of the
others."""
MOST_TURNS = 10
SETTLED = 1e-10
"""Change of a unit vector after which it is taken for a singular vector."""


def exact(out, gamma):
    """As `pseudo_inverse.exact`, of one matrix."""
    if not (eliminate(out, gamma) and drop_small(out, gamma)):
        decompose(out, gamma)


@entry()
def eliminate(out, matrix):
    """The inverse; returns whether no pivot is zero.

    In place: the column of a step's pivot, which is the largest left in its row, gives way to a
    column of the inverse.
    """
    count = len(matrix)
    work, pivots, free = np.empty((count, count)), np.empty(count, np.int64), np.empty(count)
    for row in range(count):
        free[row] = 1.0
        for column in range(count):
            work[row, column] = matrix[row, column]
    for step in range(count):
        line, pivot, highest = work[step], 0, 0.0
        for column in range(count):
            if abs(line[column]) * free[column] > highest:
                pivot, highest = column, abs(line[column])
        if not highest > 0.0:
            return False
        free[pivot], pivots[step] = 0.0, pivot
        scale = 1.0 / line[pivot]
        # One more, so that others lose what they hold in this column and get their share of it.
        line[pivot] += 1.0
        for column in range(count):
            line[column] *= scale
        for other in range(count):
            if other != step:
                share = work[other, pivot]
                for column in range(count):
                    work[other, column] -= share * line[column]
        line[pivot] = scale
    for step in range(count):
        for column in range(count):
            out[pivots[step], column] = work[step, pivots[column]]
    return True


@entry()
def drop_small(inverse, matrix):
    """Take singular values below the cut-off out of an inverse: they are its largest.

    Returns:
        Whether `inverse` now is the pseudo-inverse for certain: norms bound the largest singular
        value of a matrix from above, and products with unit vectors from below.
    """
    count = len(matrix)
    above, below = 0.0, 0.0
    for column in range(count):
        total = 0.0
        for row in range(count):
            total += matrix[row, column]
            above += matrix[row, column] ** 2
        below += total**2 / count
    for _ in range(MOST_SMALL + 1):
        square, longest, longest_row = 0.0, -1.0, 0
        for row in range(count):
            found = _dot(inverse[row], inverse[row])
            square += found
            if found > longest:
                longest, longest_row = found, row
        if square * above * SINGULAR_VALUE_CUTOFF**2 < 1.0:
            return True
        if not square * above * FAINTEST**2 < 1.0:
            return False
        unit, image = np.empty(count), np.empty(count)
        for column in range(count):
            unit[column], image[column] = 0.0, inverse[longest_row, column]
        found = _largest_pair(inverse, unit, image)
        if not found * below * SINGULAR_VALUE_CUTOFF**2 > 1.0:
            return False
        for row in range(count):
            for column in range(count):
                inverse[row, column] -= unit[row] * image[column]
    return False


@kernel()
def _largest_pair(matrix, unit, image):
    """A unit vector and its product with a matrix, of the largest singular value.

    Starts from the product's direction in `image`. Returns the square of the value, 0 if another is
    so close to it that vectors do not settle.
    """
    product = np.empty(len(unit))
    for _ in range(MOST_TURNS):
        dot_rows(product, matrix, image)
        scale, change = 1.0 / np.sqrt(_dot(product, product)), 0.0
        for row in range(len(unit)):
            change += (product[row] * scale - unit[row]) ** 2
            unit[row] = product[row] * scale
        sum_rows(image, unit, matrix)
        if change < SETTLED**2:
            return _dot(image, image)
    return 0.0


@kernel()
def _dot(left, right):
    total = 0.0
    for index in range(len(left)):
        total += left[index] * right[index]
    return total


@entry()
def ridge(out, gamma):
    """As `pseudo_inverse.ridge`, by Cholesky's decomposition."""
    count = len(gamma)
    mean, line = np.empty(count), np.empty(count)
    rest, gram = np.empty((count, count)), np.empty((count, count))
    for column in range(count):
        mean[column] = 0.0
        for row in range(count):
            mean[column] += gamma[row, column] / count
    square, turns = 0.0, 0.0
    for row in range(count):
        before = row - 1 if row else count - 1
        for column in range(count):
            rest[row, column] = gamma[row, column] - mean[column]
            square += rest[row, column] ** 2
            turns += (gamma[row, column] - gamma[before, column]) ** 2
    roughness = min(turns / max(2.0 * square, 1e-300), 1.0)
    share = (LEVEL + FEW / count) / count * roughness**SMOOTHNESS
    for row in range(count):
        for column in range(count):
            gram[row, column] = 0.0
        for other in range(count):
            part = rest[other, row]
            for column in range(count):
                gram[row, column] += part * rest[other, column]
        gram[row, row] += share**2 * square + (LEAST / count**2) ** 2
    # L of gram = L L^T, row by row.
    for row in range(count):
        for column in range(row + 1):
            part = gram[row, column] - _dot(gram[row, :column], gram[column, :column])
            gram[row, column] = np.sqrt(part) if row == column else part / gram[column, column]
    # L Y = rest^T, then L^T X = Y; rows of X and Y are rows of the inverse.
    for row in range(count):
        for column in range(count):
            out[row, column] = rest[column, row]
        for other in range(row):
            part = gram[row, other]
            for column in range(count):
                out[row, column] -= part * out[other, column]
        for column in range(count):
            out[row, column] /= gram[row, row]
    for row in range(count - 1, -1, -1):
        for other in range(row + 1, count):
            part = gram[other, row]
            for column in range(count):
                out[row, column] -= part * out[other, column]
        for column in range(count):
            out[row, column] /= gram[row, row]
    sum_rows(line, mean, out)
    sound = abs(square) < np.inf
    for row in range(count):
        for column in range(count):
            found = 1.0 / count + out[row, column] - line[column]
            out[row, column] = found if sound else np.nan


@entry()
def iterate(out, gamma):
    """By the polynomial of order 7, as `pseudo_inverse.iterative`."""
    count = len(gamma)
    largest_row, largest_column = 0.0, 0.0
    for row in range(count):
        across, down = 0.0, 0.0
        for column in range(count):
            across += gamma[row, column]
            down += gamma[column, row]
        largest_row, largest_column = max(largest_row, across), max(largest_column, down)
    for row in range(count):
        for column in range(count):
            out[row, column] = gamma[column, row] / (largest_row * largest_column)
    product, inner = np.empty((count, count)), np.empty((count, count))
    work = np.empty((count, count))
    for _ in range(ITERATIONS):
        for row in range(count):
            sum_rows(product[row], gamma[row], out)
        _less(inner, 7.0, product)
        for number in (15.0, 13.0):
            for row in range(count):
                sum_rows(work[row], product[row], inner)
            _less(inner, number, work)
        for row in range(count):
            sum_rows(work[row], out[row], inner)
        for row in range(count):
            for column in range(count):
                out[row, column] = 0.25 * work[row, column]


@kernel()
def _less(out, number, matrix):
    """`number` times the identity minus a matrix."""
    for row in range(len(matrix)):
        for column in range(len(matrix)):
            out[row, column] = -matrix[row, column]
        out[row, row] += number


INVERSES = {"exact": exact, "iterative": iterate, "ridge": ridge}
"""By the methods of a configuration: `out` becomes the pseudo-inverse of one matrix (M, M)."""

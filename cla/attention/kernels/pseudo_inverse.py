"""`cla.attention.pseudo_inverse` of one matrix (M, M), where a kernel is faster."""

import numpy as np

from cla.attention.kernels.compiled import entry, kernel
from cla.attention.kernels.vectors import START, sum_rows
from cla.attention.pseudo_inverse import FEW, ITERATIONS, LEAST, LEVEL, SMOOTHNESS


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
            part = gram[row, column]
            for other in range(column):
                part -= gram[row, other] * gram[column, other]
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
    sum_rows(line, mean, out, START)
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
            sum_rows(product[row], gamma[row], out, START)
        _less(inner, 7.0, product)
        for number in (15.0, 13.0):
            for row in range(count):
                sum_rows(work[row], product[row], inner, START)
            _less(inner, number, work)
        for row in range(count):
            sum_rows(work[row], out[row], inner, START)
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


INVERSES = {"iterative": iterate, "ridge": ridge}
"""By the methods of a configuration: `out` becomes the pseudo-inverse of one matrix (M, M)."""

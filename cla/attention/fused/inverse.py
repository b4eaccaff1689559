"""`pseudo_inverse`, of one matrix (M, M) that lies row by row."""

import numpy as np

from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.matrix import row_times
from cla.attention.pseudo_inverse import ITERATIONS, SINGULAR_VALUE_CUTOFF

SWEEPS = 30
"""More than enough: rotations converge quadratically, in about 8."""
ROUNDING = 1e-15


@entry(inline="always")
def invert(out, out_at, gamma, size, exact, room):
    """Exact or iterative pseudo-inverse of gamma.

    Args:
        room: 3 M^2 numbers.
    """
    if not exact:
        _iterate(out, out_at, gamma, size, room)
    elif not _eliminate(out, out_at, gamma, size, room):
        _rotate(out, out_at, gamma, size, room)


@kernel(fastmath={"contract"})
def _eliminate(out, out_at, gamma, size, room):
    """The inverse; returns whether no singular value is below the cut-off, by the norms' bound."""
    width, count = place(2 * size), place(size)
    for row in range(count):
        for column in range(count):
            room[row * width + column] = gamma[row * count + column]
            room[row * width + count + column] = 1.0 if row == column else 0.0
    for step in range(count):
        pivot = step
        for row in range(step + place(1), count):
            if abs(room[row * width + step]) > abs(room[pivot * width + step]):
                pivot = row
        ours, theirs = step * width, pivot * width
        scale = 1.0 / room[theirs + step]
        for column in range(step, width):
            kept = room[ours + column]
            room[ours + column] = room[theirs + column] * scale
            if pivot != step:
                room[theirs + column] = kept
        for row in range(count):
            share = room[row * width + step]
            if row != step:
                for column in range(step, width):
                    room[row * width + column] -= share * room[ours + column]
    squares, inverse_squares = 0.0, 0.0
    for row in range(count):
        for column in range(count):
            found = room[row * width + count + column]
            out[place(out_at) + row * count + column] = found
            squares += gamma[row * count + column] ** 2
            inverse_squares += found**2
    # False, too, where something is no number.
    return squares * inverse_squares * SINGULAR_VALUE_CUTOFF**2 < 1.0


@kernel(fastmath={"reassoc", "contract"})
def _products(room, left, right, count):
    """Squares and product of two runs."""
    one, two, both = 0.0, 0.0, 0.0
    for index in range(count):
        one += room[left + index] ** 2
        two += room[right + index] ** 2
        both += room[left + index] * room[right + index]
    return one, two, both


@kernel(fastmath={"contract"})
def _rotate(out, out_at, gamma, size, room):
    """By singular values, those below the cut-off dropped.

    Rotations make the columns of gamma orthogonal to each other; their lengths are the singular
    values. Columns lie as rows in `room`, and beside each of them what the identity became.

    Source: one-sided Jacobi rotations (Hestenes 1958).
    """
    width, count = place(2 * size), place(size)
    for row in range(count):
        for column in range(count):
            room[row * width + column] = gamma[column * count + row]
            room[row * width + count + column] = 1.0 if row == column else 0.0
    for _ in range(SWEEPS):
        turned = False
        for first in range(count):
            for second in range(first + place(1), count):
                left, right = first * width, second * width
                one, two, both = _products(room, left, right, count)
                if abs(both) <= ROUNDING * np.sqrt(one * two):
                    continue
                turned = True
                ratio = (two - one) / (2.0 * both)
                tangent = 1.0 / (abs(ratio) + np.sqrt(1.0 + ratio * ratio))
                tangent = -tangent if ratio < 0.0 else tangent
                cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
                sine = cosine * tangent
                for index in range(width):
                    before, after = room[left + index], room[right + index]
                    room[left + index] = cosine * before - sine * after
                    room[right + index] = sine * before + cosine * after
        if not turned:
            break
    largest = 0.0
    for row in range(count):
        square, _, _ = _products(room, row * width, row * width, count)
        # Written so that what is no number stays that.
        largest = largest if square < largest else square
    for index in range(count * count):
        out[place(out_at) + index] = 0.0
    for row in range(count):
        at = row * width
        square, _, _ = _products(room, at, at, count)
        if square <= SINGULAR_VALUE_CUTOFF**2 * largest:
            continue
        for line in range(count):
            share = room[at + count + line] / square
            for column in range(count):
                out[place(out_at) + line * count + column] += share * room[at + column]


@kernel()
def _iterate(out, out_at, gamma, size, room):
    """By the polynomial of order 7, as `pseudo_inverse.iterative`."""
    count = place(size)
    square, target = count * count, place(out_at)
    largest_row, largest_column = 0.0, 0.0
    for row in range(count):
        across, down = 0.0, 0.0
        for column in range(count):
            across += gamma[row * count + column]
            down += gamma[column * count + row]
        largest_row, largest_column = max(largest_row, across), max(largest_column, down)
    for row in range(count):
        for column in range(count):
            scaled = gamma[column * count + row] / (largest_row * largest_column)
            out[target + row * count + column] = scaled
    product, inner, next_inner = ZERO, size * size, 2 * size * size
    for _ in range(ITERATIONS):
        _times(room, product, gamma, ZERO, out, out_at, size)
        _from_identity(room, inner, 7.0, product, size)
        for number in (15.0, 13.0):
            _times(room, next_inner, room, product, room, inner, size)
            _from_identity(room, inner, number, next_inner, size)
        _times(room, next_inner, out, out_at, room, inner, size)
        for index in range(square):
            out[target + index] = 0.25 * room[place(next_inner) + index]


@kernel()
def _times(out, out_at, left, left_at, right, right_at, size):
    for row in range(size):
        at = row * size
        row_times(out, out_at + at, left, left_at + at, right, right_at, size, size)


@kernel()
def _from_identity(room, at, number, source, size):
    """`number` times the identity minus a matrix."""
    for row in range(place(size)):
        for column in range(place(size)):
            index = row * place(size) + column
            room[place(at) + index] = -room[place(source) + index]
        room[place(at) + row * place(size) + row] += number

"""`pseudo_inverse`, of one matrix (M, M) that lies row by row."""

from cla.attention.fused.elimination import drop_small, eliminate
from cla.attention.fused.index import ZERO, place
from cla.attention.fused.kernel import entry, kernel
from cla.attention.fused.matrix import row_times
from cla.attention.fused.singular_values import decompose
from cla.attention.pseudo_inverse import ITERATIONS


@entry(inline="always")
def invert(out, out_at, gamma, size, exact, room):
    """Exact or iterative pseudo-inverse of gamma.

    Args:
        room: 3 M^2 numbers.
    """
    if not exact:
        _iterate(out, out_at, gamma, size, room)
        return
    certain = eliminate(out, out_at, gamma, size, room)
    if not (certain and drop_small(out, out_at, gamma, size, room)):
        decompose(out, out_at, gamma, size, room)


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

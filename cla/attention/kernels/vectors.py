"""Vectors and matrices: loops over neighboring numbers, which compilers turn into vector code."""

from math import factorial

import numpy as np

from cla.attention.kernels.compiled import kernel
from cla.attention.window_sums import LARGEST_LOGIT as MOST

START = np.int64(0)
"""Of a type: for a number as it stands, a kernel that it is given would be compiled once more."""

TILE = 256
"""Tokens worked on at once: what is known of them stays in the cache."""

LOG2_E = 1.4426950408889634
ROUND = 1.5 * 2.0**52
"""Added to a number it leaves the nearest integer in the lowest bits."""
LN2_HIGH = 6.93145751953125e-1
LN2_LOW = 1.42860682030941723212e-6
C2, C3, C4, C5, C6, C7 = (1 / factorial(power) for power in range(2, 8))
C8, C9, C10, C11, C12, C13 = (1 / factorial(power) for power in range(8, 14))


@kernel(fastmath={"contract"})  # in this order: the rounding is meant
def exponentials(numbers):
    """exp of numbers, in place, of those beyond `MOST` that of it; libm would take one at a time.

    With n the integer nearest to x / ln 2: the Taylor polynomial of exp(x - n ln 2), whose argument
    is at most 0.35, times 2^n, which is put together from its bits.
    """
    bits = np.empty(len(numbers), np.int64)
    powers = bits.view(np.float64)
    for index in range(len(numbers)):
        number = numbers[index]
        if number < -MOST:
            number = -MOST
        if number > MOST:
            number = MOST
        shifted = number * LOG2_E + ROUND
        powers[index] = shifted
        whole = shifted - ROUND
        x = number - whole * LN2_HIGH - whole * LN2_LOW
        y = x * x
        # Even and odd powers apart: half as long a chain of operations that wait for each other.
        even = (((((C12 * y + C10) * y + C8) * y + C6) * y + C4) * y + C2) * y + 1.0
        odd = (((((C13 * y + C11) * y + C9) * y + C7) * y + C5) * y + C3) * y + 1.0
        numbers[index] = odd * x + even
    for index in range(len(numbers)):
        bits[index] = (bits[index] + 1023) << 52
    for index in range(len(numbers)):
        numbers[index] *= powers[index]


@kernel()
def all_near(numbers):
    """Whether float64 bears sums of the exponentials of all numbers."""
    far = 0
    for index in range(len(numbers)):
        far += not abs(numbers[index]) < MOST  # counts what is no number
    return far == 0


@kernel()
def exponentiate(numbers):
    """exp(number - shift), in place, the shift 0 where all are near to it; returns the sum."""
    if not all_near(numbers):
        shift = -np.inf
        for index in range(len(numbers)):
            if numbers[index] > shift:
                shift = numbers[index]
        for index in range(len(numbers)):
            numbers[index] -= shift
    exponentials(numbers)
    return sum_of(numbers)


@kernel()
def sum_of(numbers):
    """The sum of a row."""
    total = 0.0
    for index in range(len(numbers)):
        total += numbers[index]
    return total


@kernel()
def clear(numbers):
    """Zero a matrix."""
    for row in range(numbers.shape[0]):
        for column in range(numbers.shape[1]):
            numbers[row, column] = 0.0


@kernel()
def add(out, one, other):
    """out = one + other, matrices."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column] = one[row, column] + other[row, column]


@kernel()
def sum_rows(out, weights, rows, first):
    """out = weights @ rows, of (R) and (R, C); of longer rows the part from column `first` on."""
    count, fours = len(weights), len(weights) // 4 * 4
    first = max(first, 0)  # compilers see that no index counts from the end
    for column in range(len(out)):
        out[column] = 0.0
    for row in range(0, fours, 4):
        a, b, c, d = weights[row], weights[row + 1], weights[row + 2], weights[row + 3]
        for column in range(len(out)):
            out[column] += (
                a * rows[row, first + column]
                + b * rows[row + 1, first + column]
                + c * rows[row + 2, first + column]
                + d * rows[row + 3, first + column]
            )
    for row in range(fours, count):
        a = weights[row]
        for column in range(len(out)):
            out[column] += a * rows[row, first + column]


@kernel()
def dot_rows(out, rows, vector):
    """out = rows @ vector, of (R, C) and (C); of rows that are longer, their beginning."""
    count, fours = len(out), len(out) // 4 * 4
    for row in range(0, fours, 4):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for column in range(len(vector)):
            number = vector[column]
            a += rows[row, column] * number
            b += rows[row + 1, column] * number
            c += rows[row + 2, column] * number
            d += rows[row + 3, column] * number
        out[row], out[row + 1], out[row + 2], out[row + 3] = a, b, c, d
    for row in range(fours, count):
        a = 0.0
        for column in range(len(vector)):
            a += rows[row, column] * vector[column]
        out[row] = a


@kernel()
def write_row(row, tokens, slot, scale):
    """Numbers of the tokens in a ring, scaled, from the oldest on; zero before them.

    Args:
        slot: the place of the next token.
    """
    window, seen = len(row), len(tokens)
    for index in range(window - seen):
        row[index] = 0.0
    # Places from `slot` on are the oldest; while the window fills there are none.
    oldest = slot if seen == window else 0
    for index in range(seen - oldest):
        row[window - seen + index] = tokens[oldest + index] * scale
    for index in range(oldest):
        row[window - oldest + index] = tokens[index] * scale

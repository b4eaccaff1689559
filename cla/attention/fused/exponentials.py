"""Exponentials of many numbers in loops that a compiler can vectorize; libm's cannot be."""

import numpy as np

from cla.attention.fused.index import place
from cla.attention.fused.kernel import kernel

LEAST = -708.0
"""Below it a float64 would be denormal; exponentials of less are that of this (3e-308)."""
LOG2_E = 1.4426950408889634
ROUND = 1.5 * 2.0**52
"""Added to a number it leaves the nearest integer in the lowest bits."""
LN2_HIGH = 6.93145751953125e-1
LN2_LOW = 1.42860682030941723212e-6


@kernel(fastmath={"contract"}, _nrt=True)  # views an array in another way
def exponentials(numbers, count, work):
    """exp of the first numbers, none above 700, in place; `work` holds as many float64 besides.

    With n the integer nearest to x / ln 2: the Taylor polynomial of exp(x - n ln 2), whose argument
    is at most 0.35, to degree 13, times 2^n, which is put together from its bits.
    """
    bits = work.view(np.int64)
    for index in range(place(count)):
        number = numbers[index]
        number = LEAST if number < LEAST else number
        work[index] = number * LOG2_E + ROUND
        numbers[index] = number
    for index in range(place(count)):
        whole = work[index] - ROUND
        rest = (numbers[index] - whole * LN2_HIGH) - whole * LN2_LOW
        power = 1.0 / 6227020800.0
        power = power * rest + 1.0 / 479001600.0
        power = power * rest + 1.0 / 39916800.0
        power = power * rest + 1.0 / 3628800.0
        power = power * rest + 1.0 / 362880.0
        power = power * rest + 1.0 / 40320.0
        power = power * rest + 1.0 / 5040.0
        power = power * rest + 1.0 / 720.0
        power = power * rest + 1.0 / 120.0
        power = power * rest + 1.0 / 24.0
        power = power * rest + 1.0 / 6.0
        power = power * rest + 0.5
        power = power * rest + 1.0
        numbers[index] = power * rest + 1.0
    for index in range(place(count)):
        bits[index] = (bits[index] + 1023) << 52
    for index in range(place(count)):
        numbers[index] *= work[index]

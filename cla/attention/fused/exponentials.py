"""Exponentials of many numbers; libm's take one at a time."""

from math import factorial
from typing import Any

import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from cla.attention.fused.index import place
from cla.attention.fused.kernel import inlined
from cla.attention.fused.lanes import (
    COUNT,
    LANES,
    STEP,
    constant,
    larger,
    largest,
    only,
    spread,
    total,
)
from cla.attention.fused.runs import load, store, upto

LEAST = -708.0
"""Below it a float64 would be denormal; exponentials of less are that of this (3e-308)."""
LOG2_E = 1.4426950408889634
ROUND = 1.5 * 2.0**52
"""Added to a number it leaves the nearest integer in the lowest bits."""
LN2_HIGH = 6.93145751953125e-1
LN2_LOW = 1.42860682030941723212e-6
DEGREE = 13


@intrinsic
def exponential(_: Any, lanes: Any) -> Any:
    """exp of numbers that are none above 700.

    With n the integer nearest to x / ln 2: the Taylor polynomial of exp(x - n ln 2), whose argument
    is at most 0.35, to degree 13, times 2^n, which is put together from its bits.
    """

    def generate(_context: Any, builder: Any, _typed: Any, arguments: Any) -> Any:
        def plus(left: Any, right: Any) -> Any:
            return builder.fadd(left, right, flags=("contract",))

        def minus(left: Any, right: Any) -> Any:
            return builder.fsub(left, right, flags=("contract",))

        def times(left: Any, right: Any) -> Any:
            return builder.fmul(left, right, flags=("contract",))

        def series(first: int) -> Any:
            """Every second term, from the last, over the power of the first."""
            result = constant(1 / factorial(first))
            for power in range(first - 2, -1, -2):
                result = plus(times(result, square), constant(1 / factorial(power)))
            return result

        number, least = arguments[0], constant(LEAST)
        number = builder.select(builder.fcmp_ordered("<", number, least), least, number)
        shifted = plus(times(number, constant(LOG2_E)), constant(ROUND))
        whole = minus(shifted, constant(ROUND))
        rest = minus(number, times(whole, constant(LN2_HIGH)))
        rest = minus(rest, times(whole, constant(LN2_LOW)))
        square = times(rest, rest)
        # Even and odd powers apart: half as long a chain of operations that wait for each other.
        result = plus(times(series(DEGREE), rest), series(DEGREE - 1))
        kind = ir.VectorType(ir.IntType(64), COUNT)
        bits = builder.add(builder.bitcast(shifted, kind), ir.Constant(kind, [1023] * COUNT))
        bits = builder.shl(bits, ir.Constant(kind, [52] * COUNT))
        return times(result, builder.bitcast(bits, number.type))

    return LANES(lanes), generate


@inlined()
def exponentials(numbers, count):
    """exp of the first numbers, none above 700, in place."""
    for first in range(place(0), place(count), STEP):
        some = upto(place(count) - first)
        store(numbers, first, some, exponential(load(numbers, first, some)))


@inlined()
def below_largest(numbers, at, count):
    """exp(number - the largest) of some numbers, in place; returns the largest, and their sum."""
    start, end = place(at), place(count)
    highest, weight = spread(-np.inf), spread(0.0)
    for index in range(place(0), end, STEP):
        some = upto(end - index)
        highest = larger(highest, only(load(numbers, start + index, some), some, -np.inf))
    shift = largest(highest)
    for index in range(place(0), end, STEP):
        some = upto(end - index)
        found = exponential(load(numbers, start + index, some) - spread(shift))
        store(numbers, start + index, some, found)
        weight += only(found, some, 0.0)
    return shift, total(weight)

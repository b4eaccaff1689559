"""Indices into flat arrays in compiled code."""

import numpy as np

from cla.attention.fused.kernel import kernel

place = np.uint64
"""Unsigned: a signed index may count from the end of an array, and the test for it keeps loops from
being vectorized."""


ZERO, ONE = np.int64(0), np.int64(1)
"""For arguments of kernels: for a literal number they would be compiled once more."""


@kernel(inline="always")
def clear_run(numbers, at, count):
    """Set neighboring numbers to zero."""
    for index in range(place(count)):
        numbers[place(at) + index] = 0.0

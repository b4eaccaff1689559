"""The full scale of floats in a file, which ought to be 1 and is not always."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE_BITS = (15, 23, 31)
"""Full scales of whole numbers, which some programs write as floats without dividing by them."""
HOT_BITS = 8
"""Up to here it is sound that was recorded too loud for whole numbers."""
MOST_BITS = 127
"""Of a 32-bit float."""
RARE = 1e-4
"""A smaller share of the samples says nothing: single ones may be damaged."""
_EXPONENTS = np.arange(-1_100, 1_100)


def full_scale(pieces: Iterable[NDArray[Any]]) -> float:
    """What counts as 1 in these samples: 1 itself, if they are not far beyond it.

    A little beyond full scale is clipped, as every converter does.
    """
    counts = np.zeros(len(_EXPONENTS), np.int64)
    sounding = 0
    for samples in pieces:
        size = np.abs(samples[np.isfinite(samples)])
        sounding += int(np.count_nonzero(size))
        loud = size[size > 2]
        if loud.size:
            parts, exponents = np.frexp(loud)
            bits_of_each = exponents - (parts == 0.5)  # a power of two is just within
            counts += np.bincount(bits_of_each - _EXPONENTS[0], minlength=len(counts))
    beyond = np.cumsum(counts[::-1])[::-1]
    bits = int(_EXPONENTS[np.flatnonzero(beyond <= RARE * sounding)[0]]) - 1
    if bits <= 1:
        return 1.0
    if bits > HOT_BITS:
        bits = next((whole for whole in WHOLE_BITS if whole >= bits), bits)
    return 2.0 ** min(bits, MOST_BITS)

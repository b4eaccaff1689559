"""The type of indices in compiled code."""

import numpy as np

place = np.uint64
"""Unsigned: a signed index may count from the end of an array, and the test for it keeps loops from
being vectorized."""

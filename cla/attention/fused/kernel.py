"""What all kernels are compiled with."""

from functools import partial

from numba import njit

kernel = partial(njit, cache=True, nogil=True, error_model="numpy")
"""A division by zero gives what it gives in PyTorch, in the stream it belongs to: an exception
would stop its batch mates as well."""

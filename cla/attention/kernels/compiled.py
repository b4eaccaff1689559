"""What all kernels are compiled with."""

from functools import partial
from pathlib import Path

from cla.attention.kernels.cache import compiled
from cla.attention.kernels.folders import KernelFolders

_HERE = Path(__file__).parent

FOLDERS = KernelFolders(
    *sorted(_HERE.glob("*.py")),
    *(_HERE.parent / name for name in ("projected.py", "pseudo_inverse.py", "window_sums.py")),
)
"""Where the code is kept. Kernels take nothing, no constant either, from any other file."""

SUMS = {"contract", "reassoc"}
"""Sums may be taken in any order, as processors take many numbers at once."""

entry = partial(compiled, FOLDERS, nogil=True, error_model="numpy", fastmath=SUMS)
"""A kernel that Python calls.

A division by zero gives what it gives in PyTorch, in the stream it belongs to: an exception would
stop its batch mates as well.
"""

kernel = partial(entry, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""A kernel that kernels call. It is not compiled for calls from Python."""

inlined = partial(kernel, inline="always")
"""A kernel that is compiled as a part of the few that call it, and never by itself."""

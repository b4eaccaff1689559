"""What all kernels are compiled with.

A kernel is compiled again inside each kernel that calls it. So what is large and called from
entries only is inlined there, and not compiled by itself as well.
"""

from functools import partial
from pathlib import Path

from cla.attention.fused.cache import compiled
from cla.attention.fused.folders import KernelFolders

_HERE = Path(__file__).parent

FOLDERS = KernelFolders(
    *sorted(_HERE.glob("*.py")),
    *(_HERE.parent / name for name in ("partial_sums.py", "projected.py", "pseudo_inverse.py")),
)
"""Where the code is kept. Kernels take nothing, no constant either, from any other file."""

entry = partial(compiled, FOLDERS, nogil=True, error_model="numpy")
"""A kernel that Python calls, or a part of one, inlined, that makes arrays or is tested by itself.

A division by zero gives what it gives in PyTorch, in the stream it belongs to: an exception would
stop its batch mates as well.
"""

kernel = partial(entry, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
"""A kernel that kernels call. It is not compiled for calls from Python.

References to the arrays that it is given are not counted (numba's `_nrt`), which would take as long
as a short sum; in return it can make no array.
"""

inlined = partial(kernel, forceinline=True)
"""A kernel that becomes part of those that call it.

Arrays are passed by value, seven words each, and whoever passes them on waits until they are
written: for what takes as short as a small product, that is long.
"""

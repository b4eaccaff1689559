"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch.

Kernels are imported when they are first asked for: numba takes as long to import as a good part of
PyTorch, and steps on the PyTorch path do without.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cla.attention.kernels.arrays import (
    FEW_STREAMS,
    Latest,
    PlainWeights,
    Weights,
    array_of,
    mask_of,
)

if TYPE_CHECKING:
    from cla.attention.kernels import encoder, steps

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here; layers do not ask for them else."""

__all__ = [
    "AVAILABLE",
    "FEW_STREAMS",
    "Latest",
    "PlainWeights",
    "Weights",
    "array_of",
    "encoder",
    "mask_of",
    "steps",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")  # and found at once from here on

"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch.

Kernels are imported when they are first asked for: numba takes as long to import as a good part of
PyTorch, and steps on the PyTorch path do without.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cla.attention.fused.weights import Weights, can_step, weights_of

if TYPE_CHECKING:
    from cla.attention.fused.continual_calls import continual_layer, continual_step
    from cla.attention.fused.nystrom_calls import NystromKernels
    from cla.attention.fused.token_calls import finish_token, project_token

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here; layers do not ask for them else."""

_HOMES = {
    "NystromKernels": "nystrom_calls",
    "continual_layer": "continual_calls",
    "continual_step": "continual_calls",
    "finish_token": "token_calls",
    "project_token": "token_calls",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found  # found at once from here on
    return found


__all__ = [
    "AVAILABLE",
    "NystromKernels",
    "Weights",
    "can_step",
    "continual_layer",
    "continual_step",
    "finish_token",
    "project_token",
    "weights_of",
]

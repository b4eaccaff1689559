"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch.

Kernels are imported when they are first asked for: numba takes as long to import as a good part of
PyTorch, and steps on the PyTorch path do without.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cla.attention.kernels.arrays import FEW_STREAMS, Arrays, Weights, can_step, weights_of

if TYPE_CHECKING:
    from cla.attention.kernels.projections import project_token
    from cla.attention.kernels.rows import NewestRow
    from cla.attention.kernels.steps import Steps, continual_steps, nystrom_steps

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here; layers do not ask for them else."""

_HOMES = {
    "NewestRow": "rows",
    "Steps": "steps",
    "continual_steps": "steps",
    "nystrom_steps": "steps",
    "project_token": "projections",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found  # found at once from here on
    return found


__all__ = [
    "AVAILABLE",
    "FEW_STREAMS",
    "Arrays",
    "NewestRow",
    "Steps",
    "Weights",
    "can_step",
    "continual_steps",
    "nystrom_steps",
    "project_token",
    "weights_of",
]

"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch.

Kernels are imported when they are first asked for: numba takes as long to import as a good part of
PyTorch, and steps on the PyTorch path do without.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cla.attention.kernels.arrays import (
    FEW_STREAMS,
    Arrays,
    Weights,
    can_step,
    mask_of,
    weights_of,
)

if TYPE_CHECKING:
    from cla.attention.kernels.encoder import complete, embed
    from cla.attention.kernels.rows import NewestRow
    from cla.attention.kernels.steps import (
        ContinualSteps,
        NystromSteps,
        Steps,
        contexts,
        finish_token,
        joined,
        project_token,
        split,
    )

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here; layers do not ask for them else."""

_HOMES = {
    "rows": ("NewestRow",),
    "encoder": ("complete", "embed"),
    "steps": (
        "ContinualSteps", "NystromSteps", "Steps", "contexts", "finish_token", "joined",
        "project_token", "split",
    ),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = found  # found at once from here on
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AVAILABLE",
    "FEW_STREAMS",
    "Arrays",
    "ContinualSteps",
    "NewestRow",
    "NystromSteps",
    "Steps",
    "Weights",
    "can_step",
    "complete",
    "contexts",
    "embed",
    "finish_token",
    "joined",
    "mask_of",
    "project_token",
    "split",
    "weights_of",
]

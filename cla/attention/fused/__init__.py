"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch."""

from collections.abc import Sequence
from importlib.util import find_spec

import torch
from torch import Tensor, nn

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here."""

if AVAILABLE:
    from cla.attention.fused.calls import (
        continual_layer,
        continual_step,
        finish_token,
        join_in_order,
        nystrom_layer,
        nystrom_scan,
        nystrom_step,
        project_token,
        write_betas,
    )
else:  # pragma: no cover  # the layers do not ask for kernels that are not available

    def _missing(*_: object) -> None:
        raise NotImplementedError("numba is not installed")

    continual_layer = nystrom_layer = join_in_order = write_betas = _missing  # type: ignore[assignment]
    continual_step = nystrom_scan = nystrom_step = project_token = finish_token = _missing  # type: ignore[assignment]

FEW_STREAMS = 16
"""Up to so many streams one kernel projects faster than a matrix product in float64."""


def can_step(keys: Tensor) -> bool:
    """Whether the kernels know the type and place of a state with these keys."""
    return (
        keys.device.type == "cpu"
        and keys.dtype in (torch.float32, torch.float64)
        and not torch.compiler.is_compiling()
        and type(keys) is Tensor
    )


def can_project(x: Tensor, layers: Sequence[nn.Linear], dtype: torch.dtype) -> bool:
    """Whether a kernel projects these tokens: float32 weights, sums in float64."""
    return (
        dtype in (torch.float32, torch.float64)
        and x.dtype == torch.float32
        and x.shape[0] <= FEW_STREAMS
        and can_step(x)
        and all(layer.weight.dtype == torch.float32 for layer in layers)
        and all(layer.weight.is_contiguous() for layer in layers)
    )


def can_finish(context: Tensor, layer: nn.Linear) -> bool:
    """Whether a kernel applies this output projection to contexts of one token."""
    return (
        context.dtype == torch.float64
        and context.shape[0] <= FEW_STREAMS
        and layer.weight.dtype == torch.float32
        and can_step(context)
    )


__all__ = [
    "AVAILABLE",
    "can_finish",
    "can_project",
    "can_step",
    "continual_layer",
    "continual_step",
    "finish_token",
    "join_in_order",
    "nystrom_layer",
    "nystrom_scan",
    "nystrom_step",
    "project_token",
    "write_betas",
]

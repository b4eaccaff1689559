"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch."""

from importlib.util import find_spec
from typing import NamedTuple

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

PROJECTIONS = ("query_proj", "key_proj", "value_proj", "output_proj")


class Weights(NamedTuple):
    """Addresses of weights and biases: of query, key and value projection, and of the output's."""

    inward: list[int]
    outward: list[int]


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


def weights_of(layer: nn.Module, x: Tensor) -> Weights | None:
    """What a kernel needs of a layer's projections; None where it cannot do with them or with x.

    Weights have to be of float32, x and sums may be wider. Parameters are read from the dictionary
    of their module: `getattr` on modules would take as long as a projection.
    """
    if x.shape[0] > FEW_STREAMS or not can_step(x):
        return None
    addresses: list[int] = []
    for name in PROJECTIONS:
        parameters = layer._modules[name]._parameters  # type: ignore[union-attr]  # never None
        weight, bias = parameters.get("weight"), parameters.get("bias")
        if weight is None or bias is None or weight.dtype != torch.float32 or not weight.is_cpu:
            return None
        if not weight.is_contiguous():
            return None
        addresses += (weight.data_ptr(), bias.data_ptr())
    return Weights(addresses[:6], addresses[6:])


__all__ = [
    "AVAILABLE",
    "Weights",
    "can_step",
    "continual_layer",
    "continual_step",
    "finish_token",
    "join_in_order",
    "nystrom_layer",
    "nystrom_scan",
    "nystrom_step",
    "project_token",
    "weights_of",
    "write_betas",
]

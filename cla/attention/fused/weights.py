"""What kernels need of a layer and of tensors: addresses, and whether they can do with them."""

import torch
from torch import Tensor, nn

from cla.attention.rings import column_stride

PROJECTIONS = ("query_proj", "key_proj", "value_proj", "output_proj")

FEW_STREAMS = 16
"""Up to so many streams one kernel projects faster than a matrix product in float64."""

_KNOWN_TYPES = (torch.float32, torch.float64)

Weights = tuple[int, ...]
"""Addresses of weights and biases: of query, key and value projection, and of the output's."""


def can_step(tensor: Tensor) -> bool:
    """Whether the kernels know the type and place of a tensor."""
    return (
        type(tensor) is Tensor
        and tensor.dtype in _KNOWN_TYPES
        and tensor.is_cpu
        and not torch.compiler.is_compiling()
    )


def weights_of(layer: nn.Module, x: Tensor) -> Weights | None:
    """What a kernel needs of a layer's projections; None where it cannot do with them or with x.

    Both have to be of float32. Parameters are read from the dictionary of their module: `getattr`
    on modules would take as long as a projection.
    """
    if x.dtype is not torch.float32 or x.shape[0] > FEW_STREAMS or not can_step(x):
        return None
    addresses: list[int] = []
    modules = layer._modules
    for name in PROJECTIONS:
        parameters = modules[name]._parameters  # type: ignore[union-attr]  # never None
        weight, bias = parameters.get("weight"), parameters.get("bias")
        if weight is None or bias is None or weight.dtype is not torch.float32:
            return None
        if not (weight.is_cpu and weight.is_contiguous()):
            return None
        addresses += (weight.data_ptr(), bias.data_ptr())
    return tuple(addresses)


def address_of(active: Tensor | None) -> tuple[int, Tensor | None]:
    """The address of a mask, 0 if all are active; and the mask, to be kept while it is used."""
    if active is None:
        return 0, None
    mask = active.contiguous()
    return mask.data_ptr(), mask


def row_contexts(batch: int, heads: int, size: int, window: int, dtype: torch.dtype) -> Tensor:
    """Room for the contexts of all rows, column by column: (B, H, D, N)."""
    stride = column_stride(window)
    return torch.empty(batch, heads, size, stride, dtype=dtype)[..., :window]

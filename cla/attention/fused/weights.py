"""What kernels need of a layer and of tensors: addresses, and whether they can do with them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cla.attention.rings import column_stride

FEW_STREAMS = 16
"""Up to so many streams one kernel projects faster than a matrix product in float64."""

NUMPY_TYPES = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}
"""The types that kernels know."""

Weights = tuple[int, ...]
"""Addresses of weights and biases: of query, key and value projection, and of the output's."""


def can_step(tensor: Tensor) -> bool:
    """Whether the kernels know the type, place and layout of a state's tensor."""
    return (
        type(tensor) is Tensor
        and tensor.dtype in NUMPY_TYPES
        and tensor.is_cpu
        and tensor.is_contiguous()
        and not torch.compiler.is_compiling()
    )


def weights_of(layer: nn.Module, x: Tensor) -> Weights | None:
    """What a kernel needs of a layer's projections; None where it cannot do with them or with x.

    Both have to be of float32. Parameters are read from the dictionaries of their modules, one by
    one: `getattr` on modules, a loop or calls would take as long as a projection.
    """
    if not (
        x.dtype is torch.float32 and x.shape[0] <= FEW_STREAMS and type(x) is Tensor and x.is_cpu
        and not torch.compiler.is_compiling()
    ):  # fmt: skip
        return None
    modules: Any = layer._modules
    query, key = modules["query_proj"]._parameters, modules["key_proj"]._parameters
    value, output = modules["value_proj"]._parameters, modules["output_proj"]._parameters
    try:
        a, b, c, d = query["weight"], key["weight"], value["weight"], output["weight"]
        e, f, g, h = query["bias"], key["bias"], value["bias"], output["bias"]
    except KeyError:  # they are computed from others
        return None
    if e is None or f is None or g is None or h is None:
        return None
    if not (
        a.dtype is b.dtype is c.dtype is d.dtype is torch.float32
        and e.dtype is f.dtype is g.dtype is h.dtype is torch.float32
        and a.is_cpu and b.is_cpu and c.is_cpu and d.is_cpu
        and e.is_cpu and f.is_cpu and g.is_cpu and h.is_cpu
        and a.is_contiguous() and b.is_contiguous() and c.is_contiguous() and d.is_contiguous()
        and e.is_contiguous() and f.is_contiguous() and g.is_contiguous() and h.is_contiguous()
    ):  # fmt: skip
        return None
    return (
        a.data_ptr(), e.data_ptr(), b.data_ptr(), f.data_ptr(), c.data_ptr(), g.data_ptr(),
        d.data_ptr(), h.data_ptr(),
    )  # fmt: skip


def address_of(active: Tensor | None) -> tuple[int, Tensor | None]:
    """The address of a mask, 0 if all are active; and the mask, to be kept while it is used."""
    if active is None:
        return 0, None
    mask = active.contiguous()
    return mask.data_ptr(), mask


def row_contexts(token: Sequence[int], window: int, dtype: torch.dtype) -> Tensor:
    """Room for the contexts of all rows, column by column: (B, E, N); a token is of (B, E)."""
    return torch.empty(*token, column_stride(window), dtype=dtype)[..., :window]

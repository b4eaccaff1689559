"""Tensors as the arrays that kernels take, made once for each state and each set of weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cla.attention.plain import is_changed

FEW_STREAMS = 16
"""Up to so many streams a kernel projects faster than a matrix product in float64."""

Weights = tuple[Any, ...]
"""Weights and biases, as arrays: of query, key, value and output projection."""


class Arrays:
    """Tensors as arrays on the same memory: making them anew takes as long as a short kernel.

    They keep that memory, so that nothing else can come to lie there unnoticed. A copy of this, as
    of its layer, begins with none.
    """

    def __init__(self) -> None:
        self._known: tuple[tuple[int, ...], tuple[Any, ...]] = ((), ())

    def of(self, tensors: Sequence[Tensor]) -> tuple[Any, ...]:
        """Arrays of contiguous tensors; the same as before where they lie where they did."""
        # The first one's size says how many streams a state has: another batch may begin there.
        addresses = (len(tensors[0]), *map(Tensor.data_ptr, tensors))
        known, arrays = self._known  # at once: another thread may put others there
        if known != addresses:
            arrays = tuple(tensor.detach().numpy() for tensor in tensors)
            self._known = addresses, arrays
        return arrays

    def of_plain(self, parameters: Sequence[Tensor]) -> tuple[Any, ...] | None:
        """Arrays of parameters; None where a kernel cannot do with them."""
        if not all(map(Tensor.is_contiguous, parameters)):
            return None
        known, arrays = self._known
        if known[1:] == tuple(map(Tensor.data_ptr, parameters)):
            return arrays
        return self.of(parameters) if all(map(_is_plain, parameters)) else None

    def __reduce__(self) -> tuple[type["Arrays"], tuple[()]]:
        return Arrays, ()


ALL_ACTIVE, NONE_DUE = np.empty(0, np.bool_), np.empty(0, np.int64)
"""In place of what a kernel is not given; for each of its arguments there is one type of array."""


def mask_of(active: Tensor | None) -> Any:
    """Which streams take part, as kernels take it."""
    return ALL_ACTIVE if active is None else active.numpy()


def can_step(tensor: Tensor, dtype: torch.dtype) -> bool:
    """Whether kernels know the type, place and layout of a state's tensor."""
    return (
        type(tensor) is Tensor
        and tensor.dtype is dtype
        and tensor.is_cpu
        and tensor.is_contiguous()
        and not torch.compiler.is_compiling()
    )


def array_of(x: Tensor) -> Any:
    """A token as an array."""
    return x.detach().numpy() if x.requires_grad else x.numpy()


def weights_of(layer: nn.Module, arrays: Arrays, x: Tensor | None, batch: int) -> Weights | None:
    """A layer's projections as arrays; None where a kernel cannot do with them or with x.

    Both have to be of float32, and calling the projections nothing but the product. Parameters are
    read from the dictionaries of their modules: `getattr` would take as long as a projection.

    Args:
        arrays: those that the layer keeps.
        x: a token of each of `batch` streams; None where there is none.
    """
    if batch > FEW_STREAMS or torch.compiler.is_compiling():
        return None
    if x is not None and not (x.dtype is torch.float32 and type(x) is Tensor and x.is_cpu):
        return None
    modules: Any = layer._modules
    query, key, value = modules["query_proj"], modules["key_proj"], modules["value_proj"]
    output = modules["output_proj"]
    if is_changed(query, key, value, output):
        return None
    query, key = query._parameters, key._parameters
    value, output = value._parameters, output._parameters
    try:
        parameters = (
            query["weight"], query["bias"], key["weight"], key["bias"],
            value["weight"], value["bias"], output["weight"], output["bias"],
        )  # fmt: skip
        return arrays.of_plain(parameters)
    except (KeyError, TypeError):  # they are computed from others, or there is no bias
        return None


def _is_plain(parameter: Tensor) -> bool:
    return (
        type(parameter) in (Tensor, nn.Parameter)
        and parameter.dtype is torch.float32
        and parameter.is_cpu
    )

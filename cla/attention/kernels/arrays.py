"""Tensors as the arrays that kernels take."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cla.attention.plain import is_changed

FEW_STREAMS = 16
"""Up to so many streams a kernel projects faster than a matrix product in float64."""

Weights = tuple[Any, ...]
"""Weights and biases, as arrays: of query, key, value and output projection."""

ALL_ACTIVE, NONE_DUE = np.empty(0, np.bool_), np.empty(0, np.int64)
NO_WEIGHTS = np.empty((0, 0), np.float32), np.empty(0, np.float32)
"""In place of what a kernel is not given; for each of its arguments there is one type of array."""


class Latest:
    """What was made of an object, kept until another one is asked for; a copy begins with none."""

    def __init__(self) -> None:
        self._kept: tuple[Any, Any] = None, None

    def of(self, source: Any, make: Callable[[Any], Any]) -> Any:
        """What `make` gives of the object; the same as before where it is the one from before."""
        known, made = self._kept  # at once: another thread may put others there
        if known is not source:
            made = make(source)
            self._kept = source, made
        return made

    def __reduce__(self) -> tuple[type["Latest"], tuple[()]]:
        return Latest, ()


class PlainWeights(Latest):
    """Parameters as arrays, made anew where these lie elsewhere."""

    def of_layer(self, layer: nn.Module, x: Tensor | None, batch: int) -> Weights | None:
        """A layer's projections; None where a kernel cannot do with them or with x.

        Both have to be of float32, and calling the projections nothing but the product. Parameters
        are read from the dictionaries of modules: `getattr` would take as long as a projection.

        Args:
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
            places = tuple(map(Tensor.data_ptr, parameters))
        except (KeyError, TypeError):  # they are computed from others, or there is no bias
            return None
        known, arrays = self._kept
        if known != places:
            arrays = _plain_arrays(parameters)
            self._kept = places, arrays
        return arrays  # type: ignore[no-any-return]  # as it was kept

    def __reduce__(self) -> tuple[type["Latest"], tuple[()]]:
        return PlainWeights, ()


def mask_of(active: Tensor | None) -> Any:
    """Which streams take part, as kernels take it."""
    return ALL_ACTIVE if active is None else active.numpy()


def arrays_of(state: Any, dtype: torch.dtype) -> tuple[Any, ...] | None:
    """A state's tensors, on the same memory; None where kernels do not know their type or layout.

    Args:
        dtype: of its keys.
    """
    known = state.keys.dtype is dtype and all(
        type(part) is Tensor and part.is_cpu and part.is_contiguous() for part in state
    )
    return tuple(part.detach().numpy() for part in state) if known else None


def array_of(x: Tensor) -> Any:
    """A token as an array."""
    return x.detach().numpy() if x.requires_grad else x.numpy()


def _plain_arrays(parameters: tuple[Tensor, ...]) -> tuple[Any, ...] | None:
    for one in parameters:
        if (
            type(one) not in (Tensor, nn.Parameter)
            or one.dtype is not torch.float32
            or not (one.is_cpu and one.is_contiguous())
        ):
            return None
    return tuple(one.detach().numpy() for one in parameters)

"""What autocast does to an attention layer: it sets the type of the output, and nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

Method = TypeVar("Method", bound=Callable[..., Any])


def outside_autocast(method: Method) -> Method:
    """A method of a layer whose work is done in the layer's own type, whatever autocast says.

    Sums need their precision, and a step has to give what a scan gives. The first result, or the
    only one, gets autocast's type.
    """

    @wraps(method)
    def call(layer: Any, x: Any, *args: Any, **options: Any) -> Any:
        if isinstance(x, Tensor) and x.is_cpu and not torch.is_autocast_enabled("cpu"):
            return method(layer, x, *args, **options)  # as is most often; asked in the fastest way
        device = (x if isinstance(x, Tensor) else layer.like).device.type
        if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
            return method(layer, x, *args, **options)
        with torch.autocast(device, enabled=False):
            tokens = x.to(layer.like.dtype) if isinstance(x, Tensor) else x
            found = method(layer, tokens, *args, **options)
        dtype = torch.get_autocast_dtype(device)
        if found is None:
            return None
        if isinstance(found, Tensor):
            return found.to(dtype)
        first, *others = found
        if not isinstance(first, Tensor) or not first.is_floating_point():
            return found  # a state
        parts = (first.to(dtype), *others)
        return type(found)(*parts) if hasattr(found, "_fields") else parts

    return cast(Method, call)

"""Projections that are nothing but the product with a weight of their own, and all others."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as every_module
from torch.utils._python_dispatch import is_traceable_wrapper_subclass


def is_plain(*linears: nn.Module) -> bool:
    """Whether calling each module is the product with its weight, plus its bias, and nothing else.

    Not so where it is changed (`is_changed`), parametrized or pruned, nor where its weight is of a
    class of its own (quantized, distributed).
    """
    if is_changed(*linears):
        return False
    for linear in linears:
        parameters = linear._parameters
        if not (
            "weight" in parameters
            and _is_strided(parameters["weight"])
            and _is_strided(parameters["bias"])
        ):
            return False
    return True


def is_changed(*linears: nn.Module) -> bool:
    """Whether calling some module is not that of `nn.Linear` alone.

    So with hooks, its own or those of all modules, with a `forward` that was put over it, and where
    its class is another (adapters such as LoRA).
    """
    if (
        every_module._global_forward_hooks
        or every_module._global_forward_pre_hooks
        or every_module._global_backward_hooks
        or every_module._global_backward_pre_hooks
    ):
        return True
    for linear in linears:
        held = linear.__dict__  # attributes would take longer
        if (
            type(linear) is not nn.Linear
            or held["_forward_hooks"]
            or held["_forward_pre_hooks"]
            or held["_backward_hooks"]
            or held["_backward_pre_hooks"]
            or "forward" in held
        ):
            return True
    return False


def _is_strided(tensor: Tensor | None) -> bool:
    kind = type(tensor)
    if kind is nn.Parameter or kind is Tensor:
        return tensor.layout is torch.strided  # type: ignore[union-attr]  # it is a tensor
    if tensor is None:
        return True
    # Compilers and exporters have classes of their own for what is plain.
    return torch.compiler.is_compiling() and not is_traceable_wrapper_subclass(tensor)


def apply(linear: nn.Module, x: Tensor, dtype: torch.dtype) -> Tensor:
    """A projection of tokens, of type `dtype`.

    A plain one is computed in `dtype`: gamma's inverse would multiply the rounding of a narrower
    type. Any other is called with the tokens as they are.
    """
    if not is_plain(linear):
        return linear(x).to(dtype)  # type: ignore[no-any-return]
    weight: Tensor = linear._parameters["weight"]  # type: ignore[assignment]  # plain ones have it
    bias = linear._parameters["bias"]
    wide = None if bias is None else bias.to(dtype)
    return functional.linear(x.to(dtype), weight.to(dtype), wide)

"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch."""

from importlib.util import find_spec

from cla.attention.fused.weights import Weights, can_step, weights_of

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here."""

if AVAILABLE:
    from cla.attention.fused.continual_calls import continual_layer, continual_step
    from cla.attention.fused.nystrom_calls import NystromKernels
    from cla.attention.fused.token_calls import finish_token, project_token
else:

    def _missing(*_: object) -> None:
        raise NotImplementedError("numba is not installed")

    # The layers do not ask for kernels that are not available.
    continual_layer = continual_step = finish_token = project_token = _missing  # type: ignore[assignment]

    class NystromKernels:  # type: ignore[no-redef]
        """Not to be made here."""

        __init__ = _missing


__all__ = [
    "AVAILABLE",
    "NystromKernels",
    "Weights",
    "can_step",
    "continual_layer",
    "continual_step",
    "finish_token",
    "project_token",
    "weights_of",
]

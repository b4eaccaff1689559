"""Compiled CPU kernels of a step, where numba is installed; the numbers are those of PyTorch."""

from importlib.util import find_spec

from cla.attention.fused.weights import Weights, can_step, weights_of

AVAILABLE = find_spec("numba") is not None
"""Whether the kernels can be compiled here."""

if AVAILABLE:
    from cla.attention.fused.continual_calls import continual_layer, continual_step
    from cla.attention.fused.nystrom_calls import (
        nystrom_layer,
        nystrom_rows,
        nystrom_scan,
        nystrom_step,
    )
    from cla.attention.fused.token_calls import finish_token, project_token
else:

    def _missing(*_: object) -> None:
        raise NotImplementedError("numba is not installed")

    # The layers do not ask for kernels that are not available.
    continual_layer = continual_step = finish_token = project_token = _missing  # type: ignore[assignment]
    nystrom_layer = nystrom_rows = nystrom_scan = nystrom_step = _missing  # type: ignore[assignment]

__all__ = [
    "AVAILABLE",
    "Weights",
    "can_step",
    "continual_layer",
    "continual_step",
    "finish_token",
    "nystrom_layer",
    "nystrom_rows",
    "nystrom_scan",
    "nystrom_step",
    "project_token",
    "weights_of",
]

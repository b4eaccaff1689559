"""Moore-Penrose pseudo-inverse of gamma, exact or iterative."""

import torch
from torch import Tensor

from cla.attention.config import PseudoInverse

SINGULAR_VALUE_CUTOFF = 1e-5
"""Singular values below this share of the largest count as zero: outputs stay bounded by about
1e5 times the values even where landmarks nearly coincide (silence, a still picture)."""

ITERATIONS = 6


def pseudo_inverse(gamma: Tensor, method: PseudoInverse) -> Tensor:
    """Pseudo-inverse of each matrix of a batch.

    Shapes:
        gamma: (..., M, M)
        returns: (..., M, M)
    """
    inverse = exact(gamma) if method == "exact" else iterative(gamma)
    # Solvers give matrices column by column; states hold them row by row.
    return inverse.contiguous()


def exact(gamma: Tensor) -> Tensor:
    """By singular values, those below `SINGULAR_VALUE_CUTOFF` of the largest dropped.

    Where none is so small, and that is most often, the pseudo-inverse is the inverse, which
    elimination finds ten times faster. A matrix that holds a non-finite number gives NaN
    throughout; its batch mates are untouched.
    """
    wide = gamma.double()
    if wide.requires_grad or wide.device.type != "cpu" or torch.compiler.is_compiling():
        inverse = _by_singular_values(wide)
    else:
        inverse = _by_elimination(wide)
    return inverse.to(gamma.dtype)


def _by_elimination(gamma: Tensor) -> Tensor:
    """The inverse, and the pseudo-inverse where a singular value might be below the cut-off.

    Frobenius norms bound the largest singular values of a matrix and of its inverse from above,
    hence the ratio of the smallest to the largest from below.
    """
    inverse: Tensor = torch.linalg.inv_ex(gamma).inverse
    ratio = 1 / (torch.linalg.matrix_norm(gamma) * torch.linalg.matrix_norm(inverse))
    # Written so that an inverse that is no number does not pass.
    doubtful = ~(ratio > SINGULAR_VALUE_CUTOFF)
    if bool(doubtful.any()):
        inverse[doubtful] = _by_singular_values(gamma[doubtful])
    return inverse


def _by_singular_values(gamma: Tensor) -> Tensor:
    finite = gamma.isfinite().all(-1, keepdim=True).all(-2, keepdim=True)
    # The decomposition rejects a whole batch for one bad matrix.
    sound = torch.where(finite, gamma, torch.zeros_like(gamma))
    inverse = torch.linalg.pinv(sound, rtol=SINGULAR_VALUE_CUTOFF)
    return torch.where(finite, inverse, torch.full_like(gamma, torch.nan))


def iterative(gamma: Tensor) -> Tensor:
    """By Nyströmformer's polynomial of order 7.

    The starting scale is taken per matrix, so that no stream and no head changes another's output.

    Source: arXiv 2102.03902, equation 14.
    """
    largest_column_sum = gamma.sum(-2).amax(-1)
    largest_row_sum = gamma.sum(-1).amax(-1)
    scale = (largest_column_sum * largest_row_sum)[..., None, None]
    inverse = gamma.transpose(-1, -2) / scale
    identity = torch.eye(gamma.shape[-1], dtype=gamma.dtype, device=gamma.device)
    for _ in range(ITERATIONS):
        product = gamma @ inverse
        inner = 7 * identity - product
        inner = 15 * identity - product @ inner
        inner = 13 * identity - product @ inner
        inverse = 0.25 * inverse @ inner
    return inverse

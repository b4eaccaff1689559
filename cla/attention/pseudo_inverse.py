"""Pseudo-inverse of gamma: regularized, exact (Moore-Penrose) or iterative."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from cla.attention.config import PseudoInverse

SINGULAR_VALUE_CUTOFF = 1e-5
"""Singular values below this share of the largest count as zero: outputs stay bounded by about
1e5 times the values even where landmarks nearly coincide (silence, a still picture)."""

ITERATIONS = 6

LEVEL, FEW, SMOOTHNESS, LEAST = 0.2, 5.0, 1.7, 0.1
"""Of the regularization, see `_penalty`: chosen for the least error against full attention over all
M < N of random, trained and nearly coinciding landmarks."""


def pseudo_inverse(gamma: Tensor, method: PseudoInverse) -> Tensor:
    """Pseudo-inverse of each matrix of a batch.

    Shapes:
        gamma: (..., M, M)
        returns: (..., M, M)
    """
    # Solvers give matrices column by column; states hold them row by row.
    return _METHODS[method](gamma).contiguous()


def ridge(gamma: Tensor) -> Tensor:
    """The inverse on constants, and that of ridge regression on what is left.

    The rows of gamma sum to 1. With m the mean of its rows and C = gamma - 1 m the deviations from
    it, (C^T C + penalty^2)^-1 C^T = R inverts these as far as they stand out, and
    1 1^T / M + (I - 1 m) R maps constants to constants: rows of the implied attention sum to 1.
    Without a penalty it is the inverse. Rows and columns of zeros, of landmarks that are not there,
    stay zero; a matrix that holds a non-finite number gives NaN throughout.

    Source: Hoerl and Kennard, "Ridge Regression" (Technometrics 1970); the penalty is ours.
    Cost: about 2 1/3 M^3 multiply-adds, a tenth of `iterative`.
    """
    wide = gamma.double()
    there = wide.detach().sum(-1, keepdim=True)
    share = there / there.sum(-2, keepdim=True)
    mean = share.mT @ wide
    rest = wide - there * mean
    gram = rest.mT @ rest
    gram = gram + torch.diag_embed(_penalty(rest.detach()).square().expand(gram.shape[:-1]))
    inverse = _solve(gram, rest.mT)
    inverse = there * share.mT + inverse - there * (mean @ inverse)
    sound = there.sum((-2, -1), keepdim=True).isfinite()
    return torch.where(sound, inverse, torch.nan).to(gamma.dtype)


def _solve(gram: Tensor, right: Tensor) -> Tensor:
    """gram^-1 right, of a positive definite matrix."""
    if not torch.compiler.is_compiling():
        return torch.cholesky_solve(right, torch.linalg.cholesky_ex(gram).L)
    # Elimination, which needs no pivots here: of operators that every exporter knows.
    work = torch.cat([gram, right], -1)
    unit = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    for index in range(gram.shape[-1]):
        row = work[..., index : index + 1, :] / work[..., index : index + 1, index : index + 1]
        work = work - (work[..., index : index + 1] - unit[:, index : index + 1]) * row
    return work[..., gram.shape[-1] :]


def _penalty(rest: Tensor) -> Tensor:
    """Singular values of the deviations that are less than this count for little, (..., 1).

    A share of their root mean square. Landmarks in order of time, which vary less from one to the
    next than among each other, stand for the tokens between them: the smoother, the smaller is the
    share. Of few landmarks each stands for many tokens, and the share is larger.
    """
    landmarks = rest.shape[-1]
    square = rest.square().sum((-2, -1))
    turns = (rest - rest.roll(1, -2)).square().sum((-2, -1))
    roughness = (turns / (2 * square).clamp(min=1e-300)).clamp(max=1.0)
    share = (LEVEL + FEW / landmarks) / landmarks * roughness**SMOOTHNESS
    return (share.square() * square + (LEAST / landmarks**2) ** 2).sqrt()[..., None]


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


_METHODS: Mapping[PseudoInverse, Callable[[Tensor], Tensor]] = {
    "ridge": ridge,
    "exact": exact,
    "iterative": iterative,
}

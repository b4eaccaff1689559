"""How far numbers are from what they should be: the error of a whole row over the row's size.

An entry alone says little: where large terms cancel, it is small, and its error is that of the
terms. Processors round such entries differently, and each is right.
"""

from typing import Any

import torch
from torch import Tensor

from cla.attention import FullEmits, NystromEmits

ROUNDINGS = 64
"""Units of rounding that a row may be off: ten times what one layer shows on any processor tried,
and a fortieth of an error of one in ten thousand."""


def row_errors(found: Any, expected: Any) -> Tensor:
    """Error of each row (last axis) over that row's size; NaN counts as infinite.

    A row that should be zero must be zero.
    """
    found, expected = (torch.as_tensor(rows).detach().double() for rows in (found, expected))
    assert found.shape == expected.shape
    error, size = ((rows.norm(dim=-1)) for rows in (found - expected, expected))
    return torch.where(error == 0, 0.0, error / size).nan_to_num(torch.inf, torch.inf)


def assert_rows_close(
    found: Any,
    expected: Any,
    *,
    roundings: float = ROUNDINGS,
    condition: Any = 1.0,
    sums: torch.dtype | None = None,
) -> None:
    """Each row is off by at most `roundings` units of its type's rounding, and of its sums'.

    Args:
        condition: how much gamma's inverse enlarges the rounding of sums: of each row, or of all.
        sums: the type of sums, or of what they are made of where that is narrower and was rounded
            in two ways; as layers have it if not given.
    """
    types = [torch.as_tensor(rows).dtype for rows in (found, expected)]
    narrow = max(types, key=lambda one: torch.finfo(one).eps)
    wide = sums or torch.float64
    units = torch.finfo(narrow).eps + torch.finfo(wide).eps * torch.as_tensor(condition)
    errors = row_errors(found, expected)
    excess = errors / (roundings * units)
    row = [int(index) for index in torch.unravel_index(excess.argmax(), excess.shape)]
    assert excess[*row] < 1, (
        f"row {row} is off by {float(errors[*row]):.1e} of its size, "
        f"{float(excess[*row]):.1f} times what it may be"
    )


def condition_number(emits: FullEmits | NystromEmits) -> Tensor:
    """How much the inverse of gamma enlarges errors in each stream, (B,); 1 where there is none.

    Gamma's own norm is left out: rows of a softmax sum to 1, so it is little more than 1.
    """
    if not isinstance(emits, NystromEmits):
        return torch.ones(len(emits.attention), dtype=torch.float64)
    return torch.linalg.matrix_norm(emits.gamma_inv.double(), 2).amax(1).clamp(min=1)

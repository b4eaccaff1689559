"""The compiled pseudo-inverses are those of PyTorch."""

import numpy as np
import pytest
import torch
from rows import assert_rows_close

pytest.importorskip("numba")

from cla.attention.kernels.pseudo_inverse import INVERSES  # needs numba
from cla.attention.pseudo_inverse import pseudo_inverse  # as above


def invert(gamma, method):
    found = np.empty(gamma.shape)
    INVERSES[method](found, gamma)
    return found


@pytest.mark.parametrize("method", INVERSES)
@pytest.mark.parametrize("spread", [3.0, 0.3, 0.02, 0.0])
@pytest.mark.parametrize("size", [1, 2, 7, 16, 33])
def test_it_is_that_of_pytorch(method, spread, size):
    generator = torch.Generator().manual_seed(size)
    factors = torch.randn(2, size, 12, generator=generator, dtype=torch.float64)
    gamma = (spread * factors[0] @ factors[1].T).softmax(-1)
    found = invert(gamma.numpy(), method)
    expected = pseudo_inverse(gamma, method)
    condition = torch.linalg.matrix_norm(gamma, 2) * expected.norm()
    assert_rows_close(found.ravel(), expected.flatten(), condition=condition)


@pytest.mark.parametrize("method", INVERSES)
def test_of_what_is_no_number_it_is_none(method):
    gamma = np.full((3, 3), 1 / 3)
    gamma[1, 1] = np.nan
    assert np.isnan(invert(gamma, method)).all()

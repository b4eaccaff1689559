"""The compiled pseudo-inverse: by elimination, with small values dropped, or all values at once."""

import numpy as np
import pytest
import torch
from rows import assert_rows_close

pytest.importorskip("numba")

from cla.attention.kernels.pseudo_inverse import INVERSES, drop_small, eliminate  # needs numba
from cla.attention.kernels.singular_values import decompose  # as above
from cla.attention.pseudo_inverse import (  # as above
    SINGULAR_VALUE_CUTOFF,
    pseudo_inverse,
)


def invert(gamma, method):
    found = np.empty(gamma.shape)
    INVERSES[method](found, gamma)
    return found


@pytest.mark.parametrize("method", ["exact", "iterative", "ridge"])
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


@pytest.mark.parametrize("method", ["exact", "iterative", "ridge"])
def test_of_what_is_no_number_it_is_none(method):
    gamma = np.full((3, 3), 1 / 3)
    gamma[1, 1] = np.nan
    assert np.isnan(invert(gamma, method)).all()


def _drop(out, gamma):
    return eliminate(out, gamma) and drop_small(out, gamma)


def with_values(values, seed):
    """A matrix of these singular values and of rows that sum to 1, so that the largest is 1."""
    generator, size = np.random.default_rng(seed), len(values)
    start = generator.standard_normal((2, size, size))
    start[:, :, 0] = 1.0
    left, right = np.linalg.qr(start).Q
    return (left * values) @ right.T


LARGE = [1.0, 0.1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4]
CONDITION = 1e7
"""Of the matrices: what is dropped at 5e-8 is found from an inverse of such size."""


@pytest.mark.parametrize(
    ("small", "certain"),
    [
        ([], True),
        ([2e-6], True),
        ([3e-6, 4e-8], True),
        ([5e-6, 5e-7, 5e-8], True),
        ([5e-6, 9e-7, 2e-7, 4e-8], False),  # too many
        ([3e-6, 2.9e-6], False),  # too close to each other
        ([1.00001e-5], False),  # too close to the cut-off
        ([1e-12], False),  # too faint
        ([0.0], False),  # there is no inverse
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_few_small_values_are_dropped_one_by_one(small, certain, seed):
    gamma = with_values(np.array(LARGE + small), seed)
    size = len(gamma)
    found, all_at_once = np.empty((2, size, size))
    assert _drop(found, gamma) == certain
    expected = np.linalg.pinv(gamma, rcond=SINGULAR_VALUE_CUTOFF).ravel()
    if certain:
        assert_rows_close(found.ravel(), expected, condition=CONDITION)
    decompose(all_at_once, gamma)
    assert_rows_close(all_at_once.ravel(), expected, condition=CONDITION)


def test_a_pivot_of_zero_is_no_obstacle_where_another_is_left():
    gamma = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    found = np.empty((3, 3))
    assert _drop(found, gamma)
    assert_rows_close(found, gamma.T)

"""Lanes, the vectors of compiled code: what is beyond a run is neither read nor written."""

import numpy as np
import pytest
from rows import assert_rows_close

numba = pytest.importorskip("numba")

from cla.attention.fused.exponentials import LEAST, exponentials  # noqa: E402  # needs numba
from cla.attention.fused.lanes import (  # noqa: E402  # as above
    larger,
    largest,
    only,
    spread,
    total,
    totals,
)
from cla.attention.fused.matrix import row_times, times_column  # noqa: E402  # as above
from cla.attention.fused.runs import load, store, upto  # noqa: E402  # as above

COUNTS = [0, 1, 3, 7, 8, 11]


@numba.njit
def _combine(left, right, count, out):
    some = upto(count)
    both = load(left, 1, some) * spread(2.0) + load(right, 1, some) / spread(4) - spread(1)
    store(out, 1, some, both)
    return total(only(both, some, 0.0)), largest(larger(only(both, some, -np.inf), spread(-9.0)))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("narrow", [False, True])
def test_lanes_compute_and_leave_alone_what_is_beyond(count, narrow):
    numbers = np.random.default_rng(count).standard_normal((2, 9))
    left = numbers[0].astype(np.float32 if narrow else np.float64)
    right, out = numbers[1], np.full(9, 5.0, left.dtype)
    left[count + 1 :] = np.nan  # would spoil the sums
    summed, highest = _combine(left, right, count, out)
    here = slice(1, 1 + min(count, 8))
    expected = left[here].astype(np.float64) * 2 + right[here] / 4 - 1
    assert_rows_close(out[here], expected)
    assert summed == pytest.approx(expected.sum(), abs=1e-12)
    assert highest == pytest.approx(max([-9.0, *expected]))
    assert out[0] == 5
    assert (out[1 + min(count, 8) :] == 5).all()


@numba.njit
def _row_sums(numbers, out):
    some = upto(8)
    a, b = load(numbers, 0, some), load(numbers, 8, some)
    c, d = load(numbers, 16, some), load(numbers, 24, some)
    e, f = load(numbers, 32, some), load(numbers, 40, some)
    g, h = load(numbers, 48, some), load(numbers, 56, some)
    store(out, 0, some, totals(a, b, c, d, e, f, g, h))


def test_totals_are_the_sums_of_rows():
    numbers, out = np.random.default_rng(0).standard_normal((8, 8)), np.empty(8)
    _row_sums(numbers.ravel(), out)
    assert_rows_close(out, numbers.sum(1))


@numba.njit
def _exponentials(numbers, count):
    exponentials(numbers, count)


@pytest.mark.parametrize("count", [1, 8, 29])
def test_exponentials_are_those_of_libm(count):
    numbers = np.linspace(LEAST, 699, 32)
    found = numbers.copy()
    _exponentials(found, count)
    np.testing.assert_allclose(found[:count], np.exp(numbers[:count]), rtol=1e-15)
    assert (found[count:] == numbers[count:]).all()


def test_exponentials_of_extremes():
    found = np.array([np.nan, -np.inf, -1e300, 0.0])
    _exponentials(found, 4)
    assert np.isnan(found[0])
    assert found[3] == 1
    assert (found[1:3] == np.exp(LEAST)).all()


@numba.njit
def _products(matrix, column, row, rows, size, down, across):
    times_column(down, 0, matrix, 0, column, 0, rows, size)
    row_times(across, 0, row, 0, matrix, 0, rows, size)


@pytest.mark.parametrize("rows", [1, 4, 8, 13, 16])
@pytest.mark.parametrize("size", [1, 5, 8, 12, 16])
def test_products_of_any_size(rows, size):
    generator = np.random.default_rng(rows * 100 + size)
    matrix = generator.standard_normal((rows, size))
    column, row = generator.standard_normal(size), generator.standard_normal(rows)
    down, across = np.empty(rows), np.empty(size)
    _products(matrix.ravel(), column, row, rows, size, down, across)
    assert_rows_close(down, matrix @ column)
    assert_rows_close(across, row @ matrix)

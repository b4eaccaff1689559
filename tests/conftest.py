"""Settings for all tests."""

import os
from functools import cache

import pytest
import torch
from hypothesis import settings

from cla.attention.kernels.ahead import compile_all

# Nothing is recorded on the machine of who runs the tests; those of recordings name a folder.
os.environ["CLA_RECORDINGS"] = "off"

# The tensors are small: more threads would only wait for each other.
torch.set_num_threads(1)

# The same cases at every run: a check either passes or fails.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

FIRST = "tests/attention/test_contract.py"
"""Compiles the kernels and takes longest; meanwhile another process is at those that need none."""

WITHOUT_KERNELS = ("capture", "datasets", "features", "telemetry")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Each process imports all libraries: beyond four that costs more than it saves."""
    return min(os.cpu_count() or 1, 4)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (not item.nodeid.startswith(FIRST), needs_kernels(item)))


def pytest_runtest_setup(item):
    if needs_kernels(item):
        kernels()


def needs_kernels(item):
    return item.path.parent.name not in WITHOUT_KERNELS


@cache
def kernels():
    """One process compiles, the others wait for it: no test is the one that takes a minute."""
    compile_all()

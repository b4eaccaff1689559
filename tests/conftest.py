"""Settings for all tests."""

import os
import sys
from functools import cache
from pathlib import Path

import pytest

# Recipes are no part of the package; behind it, so that an installed one is what is tested.
sys.path.append(str(Path(__file__).resolve().parent.parent))

# Nothing is recorded on the machine of who runs the tests; those of recordings name a folder.
os.environ["CLA_RECORDINGS"] = "off"
# The command line speaks to who runs them as tests expect it.
os.environ["LANGUAGE"] = "en"

LONGEST = "test_contract.py"
WITHOUT_KERNELS = ("browser", "capture", "datasets", "features", "telemetry")
"""Folders of tests that take none, or see to it themselves."""


def pytest_configure(config):
    if config.getoption("dist", "no") != "no":
        return  # this process only hands tests out, and starts the others sooner
    import torch
    from hypothesis import HealthCheck, settings

    # The tensors are small: more threads would only wait for each other.
    torch.set_num_threads(1)
    # The same cases at every run, however long they take: a check either passes or fails.
    settings.register_profile(
        "repeatable",
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("repeatable")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Each process imports all libraries: beyond four that costs more than it saves."""
    return min(os.cpu_count() or 1, 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files to each process, those of the browser to half of the processes."""
    if config.getvalue("dist") != "loadfile":
        return None
    from file_scheduling import FileScheduling

    return FileScheduling(config, log)


def pytest_collection_modifyitems(items):
    """First what needs no kernels, while another process compiles them; the short files last."""
    items.sort(key=lambda item: item.path, reverse=True)
    items.sort(key=lambda item: (needs_kernels(item), item.path.name != LONGEST))


def pytest_runtest_setup(item):
    if needs_kernels(item):
        kernels()


def needs_kernels(item):
    return item.path.parent.name not in WITHOUT_KERNELS


@cache
def kernels():
    """One process compiles, the others wait for it: no test is the one that takes a minute."""
    from cla.attention.kernels.ahead import compile_all

    compile_all()

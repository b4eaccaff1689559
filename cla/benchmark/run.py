"""All cases measured, with what is needed to judge the numbers."""

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch

from cla import __version__
from cla.benchmark.cases import GROWTH, QUICK_WINDOWS, WINDOWS, Case, groups
from cla.benchmark.classifiers import ClassifierTimes, measure_classifier
from cla.benchmark.sizes import LANDMARKS
from cla.benchmark.timing import Effort, Timing, measure
from cla.errors import ClaError
from cla.telemetry import device_name

EFFORT, QUICK_EFFORT = Effort(9, 200, 0.5), Effort(3, 20, 0.1)
MORE_ROUNDS = 7
"""Times the rounds, of the group in which windows are compared."""
TOKENS, QUICK_TOKENS = 20_000, 1_000
PACKAGES = ("torch", "numba", "numpy", "continual-inference")


@dataclass(frozen=True)
class Measurement:
    """What one run of the benchmark found.

    Args:
        device: processor, and the number of threads.
        versions: of the packages that matter; None where one is not installed.
        timings: by case.
    """

    device: str
    versions: dict[str, str | None]
    timings: dict[Case, Timing]
    classifier: ClassifierTimes


def run_benchmark(
    windows: Sequence[int] = (),
    *,
    quick: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Measurement:
    """Measure everything in one thread; `quick` takes seconds and shows that it works.

    Args:
        windows: those to measure; all that the goals speak of, or two if quick, if none are given.
        progress: is told what is being measured.

    Raises:
        ClaError: a window is smaller than the number of landmarks.
    """
    chosen = tuple(windows) or (QUICK_WINDOWS if quick else WINDOWS)
    if min(chosen) < LANDMARKS:
        raise ClaError(
            f"A window of {min(chosen)} tokens is too small.", f"Choose at least {LANDMARKS}."
        )
    effort = QUICK_EFFORT if quick else EFFORT
    timings: dict[Case, Timing] = {}
    with one_thread():
        torch.manual_seed(0)
        for group in groups(chosen, _installed):
            progress(f"{group[0].group}, {group[0].output}, {group[0].scope}")
            # All its cases are fast: else half a second would decide it.
            more = MORE_ROUNDS if group[0].group == GROWTH else 1
            tried = replace(effort, rounds=effort.rounds * more)
            found = measure([case.build for case in group], [case.period for case in group], tried)
            timings |= zip(group, found, strict=True)
        progress("classifier")
        classifier = measure_classifier(QUICK_TOKENS if quick else TOKENS, effort)
        return Measurement(device_name(), _versions(), timings, classifier)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread and keep no gradients."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def _installed(package: str) -> bool:
    return find_spec(package) is not None


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "cla-attention": __version__,
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found

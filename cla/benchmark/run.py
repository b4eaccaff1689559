"""All cases measured, with what is needed to judge the numbers."""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch

from cla import __version__
from cla.benchmark.cases import QUICK_WINDOWS, WINDOWS, Case, groups
from cla.benchmark.sizes import LANDMARKS
from cla.benchmark.timing import Effort, Timing, measure, one_thread
from cla.errors import ClaError
from cla.telemetry import device_name

EFFORT, QUICK_EFFORT = Effort(9, 200, 0.25), Effort(3, 20, 0.1)
BUDGET_S, QUICK_BUDGET_S = 420.0, 40.0
Progress = Callable[[float, str], None]
PACKAGES = ("torch", "numba", "numpy", "continual-inference")

MAX_WINDOW = 65_536


@dataclass(frozen=True)
class Measurement:
    """What one run of the benchmark has found.

    Args:
        device: processor, and the number of threads.
        versions: of the packages that matter; None where one is not installed.
        timings: by case.
        left_out: cases for which there was no time.
        complete: whether it was not interrupted.
    """

    device: str
    versions: dict[str, str | None]
    timings: dict[Case, Timing]
    left_out: tuple[Case, ...] = ()
    complete: bool = False


class Benchmark:
    """A run of the benchmark, in one thread; what it has found so far is there at any time.

    Args:
        windows: those to measure; if none are given `WINDOWS`, or two if quick.
        quick: takes seconds and shows that it works.
        budget_s: time for all of it, beside what kernels take to compile on a machine that has
            never run them; None is 7 minutes, or 40 s if quick. A machine that is too slow
            for it gets fewer rounds, and in the end fewer cases.

    Raises:
        ClaError: a window is smaller than the number of landmarks, or beyond `MAX_WINDOW`.
    """

    def __init__(
        self, windows: Sequence[int] = (), *, quick: bool = False, budget_s: float | None = None
    ) -> None:
        self._windows = tuple(windows) or (QUICK_WINDOWS if quick else WINDOWS)
        if min(self._windows) < LANDMARKS:
            raise ClaError("bench_window_too_small", window=min(self._windows), least=LANDMARKS)
        if max(self._windows) > MAX_WINDOW:
            raise ClaError("bench_window_too_large", window=max(self._windows), most=MAX_WINDOW)
        self._effort = QUICK_EFFORT if quick else EFFORT
        self._budget_s = budget_s or (QUICK_BUDGET_S if quick else BUDGET_S)
        self.measurement = Measurement(device_name(), _versions(), {})

    def run(self, progress: Progress = lambda _share, _what: None) -> Measurement:
        """Measure everything."""
        waiting = list(groups(self._windows, _installed))
        num_cases = sum(map(len, waiting))
        with one_thread():
            torch.manual_seed(0)
            self._prepare(waiting, lambda: progress(0.0, "preparing"))
            end_s = time.perf_counter() + self._budget_s
            while waiting:
                left = sum(map(len, waiting))
                # What a group of fast cases leaves is for the slow ones behind it.
                group_s = (end_s - time.perf_counter()) * len(waiting[0]) / left
                first = waiting[0][0]
                what = f"{first.window} tokens, {first.output}, {first.scope}"
                tick = partial(progress, 1 - left / num_cases, what)
                self._take(waiting.pop(0), group_s, tick)
        self.measurement = replace(self.measurement, complete=True)
        return self.measurement

    def _prepare(self, waiting: list[list[Case]], tick: Callable[[], None]) -> None:
        """Let everything that compiles at its first step do so, before time counts."""
        prepared = set()
        for case in (case for group in waiting for case in group):
            form = (case.system, case.output, case.scope)
            if form not in prepared and case.window == min(self._windows):
                prepared.add(form)
                tick()
                case.build()()

    def _take(self, group: list[Case], budget_s: float, tick: Callable[[], None]) -> None:
        found = measure(
            [case.build for case in group],
            [case.period for case in group],
            self._effort,
            budget_s=budget_s,
            tick=tick,
        )
        pairs = list(zip(group, found, strict=True))
        self.measurement = replace(
            self.measurement,
            timings=self.measurement.timings | {case: one for case, one in pairs if one},
            left_out=(*self.measurement.left_out, *(case for case, one in pairs if not one)),
        )


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

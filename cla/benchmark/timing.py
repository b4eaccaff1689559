"""Steps timed one by one, all cases of a group in turn, several rounds."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch

WARM_UP_STEPS = 3
SLOW_S = 1.0
"""A step that takes longer was not slow because it prepared something."""
LEAST_TURNS = 2
MOST_STRETCH = 8
"""Times `turn_s` that a turn may take to hold whole periods, if the fewest turns then fit."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Args:
        rounds: how often each case takes its turn.
        steps: in one turn.
        turn_s: seconds a slow case may take in a turn, and on average over all rounds: it takes
            fewer steps, then fewer turns, but `LEAST_TURNS` of one step at least.
    """

    rounds: int
    steps: int
    turn_s: float


@dataclass(frozen=True)
class Timing:
    """Times of one step, in seconds.

    Args:
        median_s: of all steps.
        mean_s: of all steps; None where they are too slow for a whole period, so that the steps
            at which a landmark enters do not have their share.
        p95_s: 95th percentile of all steps.
        worst_s: of the place in the cycle that takes longest, median over the rounds; None as
            above.
        steps: how many were measured.
        medians: of each turn, one after the other.
        means: of each turn; None as above.
    """

    median_s: float
    mean_s: float | None
    p95_s: float
    worst_s: float | None
    steps: int
    medians: tuple[float, ...]
    means: tuple[float, ...] | None


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


def quotient(over: Sequence[float], under: Sequence[float]) -> float:
    """Times of one case's turns over those of another: the median over the rounds.

    Turns of a round follow each other, so that a machine that is slow for seconds is so for both.
    """
    # A slow case takes no turns in the last rounds.
    return statistics.median(a / b for a, b in zip(over, under, strict=False))


@dataclass
class _Stepper:
    """A case that is being timed."""

    step: Callable[[], object]
    period: int
    length: int
    turn_s: float
    turns: list[list[float]] = field(default_factory=list)

    @property
    def spent_s(self) -> float:
        return sum(map(sum, self.turns))


def measure(
    builders: Sequence[Callable[[], Callable[[], object]]],
    periods: Sequence[int],
    effort: Effort,
    *,
    budget_s: float = math.inf,
    tick: Callable[[], None] = lambda: None,
) -> list[Timing | None]:
    """Build the cases of a group and time them in turn.

    Args:
        periods: steps after which the work of each case recurs; a turn takes whole periods, where
            that is affordable.
        budget_s: time for all of it. Where it is short there are shorter turns, then fewer
            rounds; a case that is too slow for the fewest turns is left out, and None is returned.
        tick: called before each case's turn, outside of what is timed.
    """
    deadline_s = time.perf_counter() + budget_s
    shared_s = budget_s / (effort.rounds * len(builders))
    effort = replace(effort, turn_s=min(effort.turn_s, shared_s))
    cases: list[_Stepper | None] = []
    for build, period in zip(builders, periods, strict=True):
        tick()
        until_s = deadline_s - LEAST_TURNS * sum(case.turn_s for case in cases if case)
        late = time.perf_counter() > until_s
        cases.append(None if late else _prepared(build(), period, effort, until_s))
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(effort.rounds):
            for case in filter(None, cases):
                tick()
                ends_s = time.perf_counter() + case.turn_s
                affordable = ends_s <= deadline_s and case.spent_s < effort.rounds * effort.turn_s
                if turn < LEAST_TURNS or affordable:
                    case.turns.append(_turn(case.step, case.length))
    finally:
        if collecting:
            gc.enable()
    return [_summary(case.turns, case.period) if case else None for case in cases]


def _prepared(
    step: Callable[[], object], period: int, effort: Effort, deadline_s: float
) -> _Stepper | None:
    """A case and how long its turns are; None where its fewest turns would take too long."""
    (first,) = _turn(step, 1)
    if first < SLOW_S:
        # The very first step may have prepared something.
        first = min(_turn(step, WARM_UP_STEPS if first < effort.turn_s else 1))
    if time.perf_counter() + LEAST_TURNS * first > deadline_s:
        return None
    wanted = min(effort.steps, max(1, int(effort.turn_s / first)))
    whole = -(-wanted // period) * period
    stretch = min(MOST_STRETCH, effort.rounds / LEAST_TURNS)
    length = whole if whole * first <= stretch * effort.turn_s else wanted
    return _Stepper(step, period, length, length * first)


def _turn(step: Callable[[], object], length: int) -> list[float]:
    times = []
    for _ in range(length):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def _summary(turns: list[list[float]], period: int) -> Timing:
    everything = [seconds for turn in turns for seconds in turn]
    median, p95 = statistics.median(everything), float(np.percentile(everything, 95))
    medians = tuple(statistics.median(turn) for turn in turns)
    if len(turns[0]) % period:
        return Timing(median, None, p95, None, len(everything), medians, None)
    by_place = [statistics.median(place) for place in zip(*turns, strict=True)]
    means = tuple(statistics.fmean(turn) for turn in turns)
    # The median over the rounds of each turn's mean: one interruption does not count.
    mean = statistics.median(means)
    return Timing(median, mean, p95, max(by_place), len(everything), medians, means)

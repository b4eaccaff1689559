"""Steps timed one by one, all cases of a group in turn, several rounds."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

WARM_UP_STEPS = 3
LEAST_TURNS = 2
MOST_STRETCH = 4
"""Times `turn_s` that a turn may take to hold whole periods."""


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

    @property
    def amortized_s(self) -> float:
        """The mean, or the median where a period is so long that its tick hardly has a share."""
        return self.median_s if self.mean_s is None else self.mean_s


def quotient(over: Sequence[float], under: Sequence[float]) -> float:
    """Times of one case's turns over those of another: the median over the rounds.

    Turns of a round follow each other, so that a machine that is slow for seconds is so for both.
    """
    # A slow case takes no turns in the last rounds.
    return statistics.median(a / b for a, b in zip(over, under, strict=False))


def measure(
    builders: Sequence[Callable[[], Callable[[], object]]], periods: Sequence[int], effort: Effort
) -> list[Timing]:
    """Build the cases of a group and time them in turn.

    Args:
        periods: steps after which the work of each case recurs; a turn takes whole periods, where
            that is affordable.
    """
    steppers = [build() for build in builders]
    lengths = [
        _turn_length(step, period, effort) for step, period in zip(steppers, periods, strict=True)
    ]
    turns: list[list[list[float]]] = [[] for _ in steppers]
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(effort.rounds):
            for step, length, found in zip(steppers, lengths, turns, strict=True):
                spent = sum(map(sum, found))
                if len(found) < LEAST_TURNS or spent < effort.rounds * effort.turn_s:
                    found.append(_turn(step, length))
    finally:
        if collecting:
            gc.enable()
    return [_summary(found, period) for found, period in zip(turns, periods, strict=True)]


def median_time(functions: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of a few long calls, made in turn."""
    found = [[_turn(function, 1)[0] for function in functions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*found, strict=True)]


def _turn_length(step: Callable[[], object], period: int, effort: Effort) -> int:
    # The very first step may compile something.
    first = min(_turn(step, 2))
    if first < effort.turn_s:
        first = min(_turn(step, WARM_UP_STEPS))
    wanted = min(effort.steps, max(1, int(effort.turn_s / first)))
    whole = -(-wanted // period) * period
    return whole if whole * first <= MOST_STRETCH * effort.turn_s else wanted


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

"""Ratios of measured times, each beside the goal that it has to meet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cla.attention.config import OutputMode
from cla.benchmark.cases import (
    CONTINUAL,
    CONTINUAL_INFERENCE,
    FIXED,
    FOLLOWING,
    FULL,
    GROWTH,
    TORCH_KEPT,
    TORCH_NEWEST,
    TORCH_WINDOW,
    Case,
)
from cla.benchmark.classifiers import STREAMS
from cla.benchmark.run import Measurement
from cla.benchmark.sizes import WINDOW
from cla.benchmark.timing import Timing, quotient


@dataclass(frozen=True)
class Ratio:
    """One measured time, or rate, divided by another.

    Args:
        name: what is compared, for example `full: times faster than torch`.
        place: output mode and scope, the same on both sides.
        windows: the window N, or both if they differ.
        value: the ratio.
        least, most: its goal, a lower or an upper bound; None for ratios without one.
    """

    name: str
    place: str
    windows: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.least is not None:
            return self.value >= self.least
        return None if self.most is None else self.value <= self.most


LEAST_VERSUS_PEER = {120: 2.0, 4_096: 30.0}
LEAST_VERSUS_WINDOW = {120: 15.0, 4_096: 5_000.0}
MOST_GROWTH, GROWN_FROM, GROWN_TO = 1.3, 128, 65_536
MOST_FOLLOWING, MOST_WORST, FOLLOWED_AT = 4.0, 40.0, 120
LEAST_CONTINUAL, LEAST_RETROACTIVE = 1.0, 2.0
LEAST_SCAN, LEAST_STREAMS = 8.0, 4.0


def ratios(measurement: Measurement) -> list[Ratio]:
    """All ratios of a benchmark run, in a fixed order."""
    found = list(_growth(measurement.timings))
    for case, timing in measurement.timings.items():
        if case.group != GROWTH:
            found += _versus_others(case, timing, measurement.timings)
    times = measurement.classifier
    if times is None:
        return found
    place = ("whole classifier, fixed landmarks", str(WINDOW))
    scan = f"scan of {times.tokens:,} tokens: times faster than stepping"
    streams = f"{STREAMS} streams: times the tokens a second of one stream"
    return [
        *found,
        Ratio(scan, *place, times.scanned / times.stepped, LEAST_SCAN),
        Ratio(streams, *place, times.batched / times.stepped, LEAST_STREAMS),
    ]


def _growth(timings: dict[Case, Timing]) -> Iterator[Ratio]:
    ends = [Case(GROWTH, FIXED, "single_output", "layer", n) for n in (GROWN_FROM, GROWN_TO)]
    if all(case in timings for case in ends):
        small, large = (timings[case].medians for case in ends)
        windows = f"{GROWN_TO:,} over {GROWN_FROM}"
        name = f"{FIXED}: time with a large window over time with a small one"
        yield Ratio(name, _place(ends[0]), windows, quotient(large, small), most=MOST_GROWTH)


def _versus_others(case: Case, timing: Timing, timings: dict[Case, Timing]) -> Iterator[Ratio]:
    """One of our systems against others of its group; its slowest step against its median."""
    least = _least(case.system, case.output, case.window)
    for other, needed in least.items():
        theirs = timings.get(Case(case.group, other, case.output, case.scope, case.window))
        if theirs is not None:
            amortized = timing.means if case.system == FOLLOWING else None
            value = quotient(theirs.medians, amortized or timing.medians)
            name = f"{case.system}: times faster than {other}"
            yield Ratio(name, _place(case), f"{case.window:,}", value, needed)
    if timing.means is None or timing.worst_s is None:
        return
    if case.system == FOLLOWING and case.output == "single_output":
        fixed = timings.get(Case(case.group, FIXED, case.output, case.scope, case.window))
        bound = case.window == FOLLOWED_AT
        if fixed is not None:
            yield Ratio(
                f"{case.system}: mean over the median with fixed landmarks",
                _place(case),
                f"{case.window:,}",
                quotient(timing.means, fixed.medians),
                most=MOST_FOLLOWING if bound else None,
            )
        yield Ratio(
            f"{case.system}: slowest step over its median",
            _place(case),
            f"{case.window:,}",
            timing.worst_s / timing.median_s,
            most=MOST_WORST if bound else None,
        )


def _least(system: str, output: OutputMode, window: int) -> dict[str, float | None]:
    """The systems to compare with, and how many times faster to be; None where there is no goal."""
    if output == "retroactive":
        ours = (CONTINUAL, FIXED, FOLLOWING)
        return {CONTINUAL_INFERENCE: LEAST_RETROACTIVE} if system in ours else {}
    if system == CONTINUAL:
        return {CONTINUAL_INFERENCE: LEAST_CONTINUAL, TORCH_NEWEST: None}
    if system == FIXED:
        return {
            CONTINUAL_INFERENCE: LEAST_VERSUS_PEER.get(window),
            TORCH_WINDOW: LEAST_VERSUS_WINDOW.get(window),
            TORCH_KEPT: None,
            TORCH_NEWEST: None,
            FULL: None,
        }
    return {}


def _place(case: Case) -> str:
    scope = "product alone" if case.scope == "product" else "layer"
    return f"{case.output.replace('_', '-')}, {scope}"


def worst_of_goals(found: Sequence[Ratio]) -> list[Ratio]:
    """Ratios with a goal; where several windows share a goal, the one furthest from it."""
    worst: dict[tuple[object, ...], Ratio] = {}
    for ratio in found:
        if ratio.met is None:
            continue
        goal = (ratio.name, ratio.place, ratio.least, ratio.most)
        before = worst.get(goal)
        sign = 1 if ratio.least is not None else -1
        if before is None or sign * ratio.value < sign * before.value:
            worst[goal] = ratio
    return list(worst.values())

"""What a step costs: counts, and times of lanes that step in turn."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from cla.attention import state_bytes
from cla.models import StreamClassifier

ROUNDS = 5
TIMED_STEPS = 60
TIMED_S = 3.0
"""Time of a lane after which fewer steps will do."""


@dataclass(frozen=True)
class Cost:
    """What one step of one stream costs.

    Args:
        operations, published: multiply-adds of the attention products, as the code does them and
            by the paper's closed forms (None without one, or not counted), on average over a cycle.
        step_us: measured time of a whole step, median.
    """

    operations: float | None
    published: float | None
    parameters: int
    state_bytes: int
    step_us: float


def costs_of(lanes: Sequence[StreamClassifier]) -> list[Cost]:
    """Counts, and the measured time of a step on a full window, on this machine."""
    tokens = [torch.randn(1, lane.config.input_dim) for lane in lanes]
    states = [
        lane.state_from_window(torch.randn(1, lane.receptive_field, lane.config.input_dim))
        for lane in lanes
    ]
    times_us = step_times_us(
        [
            partial(lane.step, token, state)
            for lane, token, state in zip(lanes, tokens, states, strict=True)
        ]
    )
    return [
        Cost(
            count.average if count else None,
            count.published if count else None,
            sum(one.numel() for one in lane.parameters()),
            state_bytes(state),
            step_us,
        )
        for lane, state, step_us in zip(lanes, states, times_us, strict=True)
        for count in [lane.operations]
    ]


def step_times_us(steps: Sequence[Callable[[], object]]) -> list[float]:
    """Median time of each step, done in turn, so that what else the machine does hits them all.

    Steps that take one thread are timed by its own clock, which stands still while other programs
    have the core.
    """
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(ROUNDS):
        for step, found in zip(steps, times, strict=True):
            step()  # what the one before has displaced comes back uncounted
            for _ in range(max(1, TIMED_STEPS // ROUNDS)):
                if sum(found) < TIMED_S:
                    begin = clock()
                    step()
                    found.append(clock() - begin)
    return [1e6 * statistics.median(found) for found in times]

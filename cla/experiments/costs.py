"""What a step costs: counts, and times of lanes that step in turn."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

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
    """Counts, and the measured time of a step on a full window, on this machine.

    Lanes step in turn, so that what else the machine does hits all of them. Steps that take one
    thread are timed by its own clock, which stands still while other programs have the core.
    """
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    tokens = [torch.randn(1, lane.config.input_dim) for lane in lanes]
    states = [
        lane.state_from_window(torch.randn(1, lane.receptive_field, lane.config.input_dim))
        for lane in lanes
    ]
    times: list[list[float]] = [[] for _ in lanes]
    for _ in range(ROUNDS):
        for lane, token, state, found in zip(lanes, tokens, states, times, strict=True):
            lane.step(token, state)  # what the lane before has displaced comes back uncounted
            for _ in range(max(1, TIMED_STEPS // ROUNDS)):
                if sum(found) < TIMED_S:
                    begin = clock()
                    lane.step(token, state)
                    found.append(clock() - begin)
    return [
        Cost(
            count.average if count else None,
            count.published if count else None,
            sum(one.numel() for one in lane.parameters()),
            state_bytes(state),
            1e6 * statistics.median(found),
        )
        for lane, state, found in zip(lanes, states, times, strict=True)
        for count in [lane.operations]
    ]

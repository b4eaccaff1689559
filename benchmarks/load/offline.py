"""What decided a live session's records, kept beside what came of it, and run again offline."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from simulated import header

from cla.engine import Command, SetEmit, sound_stream
from cla.engine.pipeline import Pipeline
from cla.engine.stream import Arrival
from cla.features import SAMPLE_RATE_HZ
from cla.models import load_task
from cla.server.shown_lanes import DEFAULT_LANES
from cla.server.wire import encode, message_of


@dataclass
class Log:
    """All that decided a session's records, in order, and what its client received.

    Attributes:
        happened: packets, commands, and numbers of samples that were lost.
        received: a token's message without what is measured.
    """

    happened: list[NDArray[np.int16] | dict[str, Any] | int] = field(default_factory=list)
    received: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)


def essence(message: bytes) -> tuple[Any, dict[str, Any]]:
    """What must be the same: of the token its times, of each lane that answered what it said.

    A lane that a session finds slow answers some tokens alone; its state takes in all of them.
    """
    head, numbers = decode(message)
    answered = [
        lane for lane in head["lanes"] if lane.get("answered", True) and not lane.get("age")
    ]
    lanes = {
        lane["lane"]: (
            [lane[name] for name in ("label", "probability", "valid_tokens", "state_bytes")],
            {name: part for name, part in numbers.items() if name.startswith(f"{lane['lane']}/")},
        )
        for lane in answered
    }
    return (head["token"], head["time_s"], head["gap_s"]), lanes


def decode(message: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What a message says, and the bytes of its arrays by name."""
    head, parts = header(message), {}
    at = len(message) - sum(4 * int(np.prod(shape)) for _, shape in head["arrays"])
    for name, shape in head["arrays"]:
        size = 4 * int(np.prod(shape))
        parts[name] = message[at : at + size]
        at += size
    return head, parts


def same(one: tuple[Any, dict[str, Any]], other: tuple[Any, dict[str, Any]]) -> bool:
    """Whether two runs say the same of a token, in all lanes that answered in both."""
    both = one[1].keys() & other[1].keys()
    return one[0] == other[0] and all(one[1][name] == other[1][name] for name in both)


def first_difference(log: Log) -> int | None:
    """The first token that the same input and commands, without server and threads, give otherwise.

    None where all are the same, bit for bit, and none is missing.
    """
    task = load_task()
    pipeline = Pipeline(task, DEFAULT_LANES, sound_stream(task, SAMPLE_RATE_HZ))
    pipeline.do(SetEmit(True))
    received, skipped, numbers = iter(log.received), 0, itertools.count()
    for one in log.happened:
        if isinstance(one, int):
            skipped += one
        elif isinstance(one, dict):
            pipeline.do(msgspec.convert(one, Command))
        else:
            pipeline.take(Arrival(one, time.perf_counter(), skipped))
            skipped = 0
            while pipeline.has_token:
                number, told = next(numbers), next(received, None)
                if not told or not same(essence(encode(*message_of(pipeline.step()))), told):
                    return number
    return None if next(received, None) is None else next(numbers)

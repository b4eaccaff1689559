"""The figures of a trained task: of every set under every lane, and what attention earns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.lanes import FULL, Outputs, ablations, outputs_of, row_name
from cla.models import LaneSpec, TaskModel

Row = dict[str, Any]


class Tokens(Protocol):
    """A stream as far as lanes see it."""

    @property
    def features(self) -> NDArray[np.floating]: ...


S = TypeVar("S", bound=Tokens)


@dataclass(frozen=True)
class Measures(Generic[S]):
    """What is measured of streams.

    Args:
        row: of a lane: its outputs, those of full attention, the streams.
        ablated: of outputs without what attention adds, and the streams.
        holds: whether a stream holds something to recognize; a set without has no ablation.
        details: further tables by name, of the outputs under full attention of a set with.
    """

    row: Callable[[Outputs, Outputs, Sequence[S]], Row]
    ablated: Callable[[Outputs, Sequence[S]], Row]
    holds: Callable[[S], bool]
    details: Callable[[Outputs, Sequence[S]], dict[str, Row]] = lambda _outputs, _streams: {}


def measure(
    task: TaskModel,
    sets: Mapping[str, Sequence[S]],
    measures: Measures[S],
    lanes_on: Callable[[str], Sequence[LaneSpec]],
) -> dict[str, Any]:
    """Figures per set and lane, and of the ablations on sets that hold something to recognize.

    Args:
        lanes_on: the lanes that a set is measured with, beside full attention.
    """
    figures: dict[str, Any] = {}
    for name, streams in sets.items():
        features = [stream.features for stream in streams]
        full = outputs_of(task, task.lane(FULL), features)
        figures[name] = {row_name(FULL): measures.row(full, full, streams)}
        for lane in lanes_on(name):
            if lane != FULL:
                outputs = outputs_of(task, task.lane(lane), features)
                figures[name][row_name(lane)] = measures.row(outputs, full, streams)
        if any(measures.holds(stream) for stream in streams):
            for table, rows in measures.details(full, streams).items():
                figures[f"{name}: {table}"] = rows
            figures[f"{name}: ablation"] = {
                row_name(FULL): measures.ablated(full, streams),
                **{
                    variant: measures.ablated(outputs_of(task, lane, features), streams)
                    for variant, lane in ablations(task.classifier).items()
                },
            }
    return figures

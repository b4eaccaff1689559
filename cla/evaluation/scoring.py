"""Counting what a lane recognized: what was there and found, false events, tokens alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.models import EventConfig, EventDetector, Span, belongs, match_events
from cla.types import Event


class Occurrence(NamedTuple):
    """Something that a stream holds from its onset to its end; label 0 is of no class."""

    label: int
    onset_s: float
    end_s: float


@dataclass(frozen=True)
class EventScore:
    """What some streams held, and the events found in them.

    Args:
        present: occurrences in the streams.
        found: occurrences with an event of the right label in time.
        false_events: events that belong to no occurrence, wrong labels among them.
        minutes: length of the streams.
    """

    present: int = 0
    found: int = 0
    false_events: int = 0
    minutes: float = 0.0

    @property
    def recall(self) -> float:
        """Share of the occurrences that were found."""
        return self.found / max(1, self.present)

    @property
    def false_per_minute(self) -> float:
        """False events a minute."""
        return self.false_events / max(1e-9, self.minutes)

    def __add__(self, other: "EventScore") -> "EventScore":
        return EventScore(
            self.present + other.present,
            self.found + other.found,
            self.false_events + other.false_events,
            self.minutes + other.minutes,
        )


class EventScorer:
    """Finds events in the probabilities of a task's lanes, and scores them.

    Args:
        labels, hop_s: of the task.
    """

    def __init__(self, labels: Sequence[str], hop_s: float) -> None:
        self._labels = tuple(labels)
        self._hop_s = hop_s

    def detect(self, probabilities: NDArray[np.float32], config: EventConfig) -> list[Event]:
        """Events of a stream.

        Shapes:
            probabilities: (T, C).
        """
        detector = EventDetector(self._labels, config)
        pushed = (
            detector.detect(index * self._hop_s, row) for index, row in enumerate(probabilities, 1)
        )
        return [event for event in pushed if event is not None]

    def score(
        self,
        events: Sequence[Event],
        occurrences: Sequence[Occurrence],
        tokens: int,
        tolerated: Sequence[Occurrence] = (),
    ) -> EventScore:
        """Match events to occurrences: each at most once, from its onset to 1 s after it.

        An event that could be of two is given to the one that ends first. Events that match only
        a tolerated occurrence count neither way.
        """
        expected = [self._span(one) for one in occurrences if one.label]
        matches = match_events(events, expected)
        also = [self._span(one) for one in tolerated]
        false_events = sum(
            not any(belongs(event, span) for span in also) for event in matches.false_events
        )
        minutes = tokens * self._hop_s / 60
        return EventScore(len(expected), len(matches.found), false_events, minutes)

    def _span(self, one: Occurrence) -> Span:
        return Span(self._labels[one.label], one.onset_s, one.end_s)


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Share of tokens on which two lanes name the same class.

    Shapes:
        first, second: (..., C).
    """
    return float((first.argmax(-1) == second.argmax(-1)).mean())


def lane_figures(
    counted: EventScore,
    outputs: Sequence[NDArray[np.float32]],
    full: Sequence[NDArray[np.float32]],
) -> dict[str, float]:
    """What a card says of every lane, beside its recall.

    Args:
        outputs, full: class probabilities (T, C) of each stream, of the lane and of full attention.
    """
    return {
        "minutes": round(counted.minutes, 2),
        "false_events_per_minute": round(counted.false_per_minute, 3),
        "agreement_with_full": round(agreement(np.concatenate(outputs), np.concatenate(full)), 4),
    }

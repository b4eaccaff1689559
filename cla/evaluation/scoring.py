"""Counting what a lane recognized: found, false, tokens alike, how sure, how strict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cla.evaluation.lanes import Outputs
from cla.evaluation.streams import Expected, Occurrence
from cla.models import EventConfig, EventDetector, Span, belongs, match_events
from cla.types import Event

Z = 1.96
"""Of the normal distribution, for 95 %."""
S = TypeVar("S")
ENTERS = (0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Probabilities from which on a label counts, from rarely wrong to missing nothing."""


def wilson(found: int, of: int) -> tuple[float, float]:
    """95 % interval of a share.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, 1927.
    """
    if of == 0:
        return 0.0, 1.0
    share = found / of
    middle = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def interval(found: int, of: int) -> list[float]:
    """The same as cards say it."""
    return [round(end, 4) for end in wilson(found, of)]


@dataclass(frozen=True)
class EventScore:
    """Occurrences in some streams, and the events that were found.

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


class EventScorer(Generic[S]):
    """Finds events in the probabilities of a task's lanes, and counts those that are right."""

    def __init__(
        self, labels: Sequence[str], hop_s: float, expected: Callable[[S], Expected]
    ) -> None:
        self._labels = tuple(labels)
        self._hop_s = hop_s
        self._expected = expected

    def score(self, outputs: Outputs, streams: Sequence[S], config: EventConfig) -> EventScore:
        """What a lane finds in some streams, by what it says of them."""
        counted = (
            self.count(self.detect(output, config), self._expected(stream), len(output))
            for output, stream in zip(outputs, streams, strict=True)
        )
        return sum(counted, EventScore())

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

    def count(self, events: Sequence[Event], expected: Expected, tokens: int) -> EventScore:
        """Match events to occurrences: each at most once, from its onset to 1 s after it.

        An event that could be of two is given to the one that ends first. Events that match only
        a tolerated occurrence count neither way.
        """
        wanted = [self._span(one) for one in expected.wanted if one.label]
        matches = match_events(events, wanted)
        also = [self._span(one) for one in expected.tolerated]
        false_events = sum(
            not any(belongs(event, span) for span in also) for event in matches.false_events
        )
        minutes = tokens * self._hop_s / 60
        return EventScore(len(wanted), len(matches.found), false_events, minutes)

    def _span(self, one: Occurrence) -> Span:
        return Span(self._labels[one.label], one.onset_s, one.end_s)


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Share of tokens on which two lanes name the same class.

    Shapes:
        first, second: (..., C).
    """
    return float((first.argmax(-1) == second.argmax(-1)).mean())


def found_figures(counted: EventScore, what: str) -> dict[str, Any]:
    """What a card says of what is found, and how sure that is."""
    return {
        what: counted.present,
        "recall": round(counted.recall, 4),
        "interval": interval(counted.found, counted.present),
    }


def lane_figures(
    counted: EventScore,
    outputs: Outputs,
    full: Outputs,
) -> dict[str, float]:
    """What a card says of every lane, beside what it finds.

    Args:
        outputs, full: class probabilities (T, C) of each stream, of the lane and of full attention.
    """
    return {
        "minutes": round(counted.minutes, 2),
        "false_events_per_minute": round(counted.false_per_minute, 3),
        "agreement_with_full": round(agreement(np.concatenate(outputs), np.concatenate(full)), 4),
    }


def sensitivity(
    config: EventConfig,
    score: Callable[[EventConfig], EventScore],
    enters: Sequence[float] = ENTERS,
) -> list[dict[str, float]]:
    """The points that a card offers to the visitor, under full attention.

    Args:
        score: of the events that settings give.
        enters: the probabilities to try beside that of the settings.
    """
    points = []
    for enter in sorted({*enters, config.enter}, reverse=True):
        counted = score(config.from_probability(enter))
        points.append(
            {
                "enter": enter,
                "found": round(counted.recall, 4),
                "false_per_minute": round(counted.false_per_minute, 3),
            }
        )
    return points

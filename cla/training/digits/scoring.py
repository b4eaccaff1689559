"""Counting what a lane heard: words found, false events, tokens alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cla.features import HOP_S
from cla.models import EventConfig, EventDetector
from cla.training.digits.labels import Word, token_times
from cla.training.digits.vocabulary import LABELS, NONE
from cla.types import Event

LATE_S = 1.0


@dataclass(frozen=True)
class EventScore:
    """Words and events of some streams.

    Args:
        words: digits that were said.
        found: digits with an event of the right label in time.
        false_events: events that belong to no digit, wrong labels among them.
        minutes: length of the streams.
    """

    words: int = 0
    found: int = 0
    false_events: int = 0
    minutes: float = 0.0

    @property
    def recall(self) -> float:
        """Share of the digits that were found."""
        return self.found / max(1, self.words)

    @property
    def false_per_minute(self) -> float:
        """False events a minute."""
        return self.false_events / max(1e-9, self.minutes)

    def __add__(self, other: "EventScore") -> "EventScore":
        return EventScore(
            self.words + other.words,
            self.found + other.found,
            self.false_events + other.false_events,
            self.minutes + other.minutes,
        )


def detect(probabilities: NDArray[np.float32], config: EventConfig) -> list[Event]:
    """Events of a stream.

    Shapes:
        probabilities: (T, C).
    """
    detector = EventDetector(LABELS, config)
    times = token_times(len(probabilities))
    pushed = (detector.push(float(t), row) for t, row in zip(times, probabilities, strict=True))
    return [event for event in pushed if event is not None]


def score_events(events: Sequence[Event], words: Sequence[Word], tokens: int) -> EventScore:
    """Match events to the digits said: each digit at most once, from its onset to 1 s after it.

    An event that could be two digits' is given to the one that ends first.
    """
    digits = sorted((word for word in words if word.label != NONE), key=lambda word: word.end_s)
    open_digits = list(digits)
    false_events = 0
    for event in sorted(events, key=lambda event: event.time_s):
        match = next((word for word in open_digits if _belongs(event, word)), None)
        if match is None:
            false_events += 1
        else:
            open_digits.remove(match)
    found = len(digits) - len(open_digits)
    return EventScore(len(digits), found, false_events, tokens * HOP_S / 60)


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Share of tokens on which two lanes name the same class.

    Shapes:
        first, second: (..., C).
    """
    return float((first.argmax(-1) == second.argmax(-1)).mean())


def _belongs(event: Event, word: Word) -> bool:
    in_time = word.onset_s <= event.time_s <= word.end_s + LATE_S
    return in_time and event.label == LABELS[word.label]

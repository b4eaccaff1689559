"""Events: one for each time that a label stays likely, and whether it was really said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.errors import ClaError
from cla.types import Event

LATE_S = 1.0
"""Time after its end within which a word may still be recognized."""


@dataclass(frozen=True)
class EventConfig:
    """Hysteresis of an event detector.

    Args:
        enter: probability at which a label starts to count.
        exit: probability below which a label that counts is over; below `enter`.
        hold_tokens: tokens in a row a label must lead before it is an event.
        refractory_s: seconds after an event in which the same label gives no second one.
        smoothing_tokens: probabilities are averaged over this many tokens.
    """

    enter: float = 0.6
    exit: float = 0.3
    hold_tokens: int = 2
    refractory_s: float = 0.3
    smoothing_tokens: int = 1

    def from_probability(self, enter: float) -> "EventConfig":
        """The same, with another probability at which a label starts to count."""
        return replace(self, enter=enter, exit=min(self.exit, enter))

    def __post_init__(self) -> None:
        if not 0 < self.exit <= self.enter <= 1:
            raise ClaError("event_thresholds_unfit", enter=self.enter, exit=self.exit)
        if self.hold_tokens < 1 or self.smoothing_tokens < 1 or self.refractory_s < 0:
            raise ClaError(
                "event_times_out_of_range",
                hold_tokens=self.hold_tokens,
                smoothing_tokens=self.smoothing_tokens,
                refractory_s=self.refractory_s,
            )


class EventDetector:
    """Turns the probabilities of one stream into events; the first label means nothing happened."""

    def __init__(self, labels: Sequence[str], config: EventConfig) -> None:
        self.labels = tuple(labels)
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._recent: list[NDArray[np.float32]] = []
        self._leader = 0
        self._held = 0
        self._current = 0
        self._last_time_s = dict.fromkeys(self.labels, -np.inf)

    def detect(self, time_s: float, probabilities: NDArray[np.float32]) -> Event | None:
        """Take one token's probabilities; returns the event that it completes, if any.

        Shapes:
            probabilities: (C,)
        """
        config = self.config
        self._recent = [*self._recent, probabilities][-config.smoothing_tokens :]
        # At every token of every lane: the mean's own generality would take longer than the sum.
        smooth = np.add.reduce(self._recent) / len(self._recent)
        if self._current and smooth[self._current] < config.exit:
            self._current = 0
        leader = int(smooth[1:].argmax()) + 1
        if smooth[leader] < config.enter:
            self._leader, self._held = 0, 0
            return None
        self._held = self._held + 1 if leader == self._leader else 1
        self._leader = leader
        if self._held < config.hold_tokens or leader == self._current:
            return None
        self._current = leader
        label = self.labels[leader]
        if time_s - self._last_time_s[label] < config.refractory_s:
            return None
        self._last_time_s[label] = time_s
        return Event(label, time_s, float(smooth[leader]))


class Span(NamedTuple):
    """A word and when it is said."""

    label: str
    start_s: float
    end_s: float


class Matches(NamedTuple):
    """Which words were found, and the events that belong to none, wrong labels among them."""

    found: tuple[Span, ...]
    missed: tuple[Span, ...]
    false_events: tuple[Event, ...]


def match_events(events: Sequence[Event], words: Sequence[Span]) -> Matches:
    """Match events to words: each word at most once, from its onset to `LATE_S` after its end.

    An event that could be two words' is given to the one that ends first.
    """
    missed = sorted(words, key=lambda word: word.end_s)
    found, false_events = [], []
    for event in sorted(events, key=lambda event: event.time_s):
        match = next((word for word in missed if belongs(event, word)), None)
        if match is None:
            false_events.append(event)
        else:
            missed.remove(match)
            found.append(match)
    return Matches(tuple(found), tuple(missed), tuple(false_events))


def belongs(event: Event, word: Span) -> bool:
    """Whether an event has a word's label, at a time at which that word can be recognized."""
    in_time = word.start_s <= event.time_s <= word.end_s + LATE_S
    return in_time and event.label == word.label

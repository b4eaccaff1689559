"""Events against what was really said."""

from collections.abc import Sequence
from typing import NamedTuple

from cla.types import Event

LATE_S = 1.0
"""Time after its end within which a word may still be recognized."""


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

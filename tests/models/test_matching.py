"""Events matched to words."""

from cla.models import Span, match_events
from cla.types import Event

WORDS = [Span("one", 1.0, 1.5), Span("two", 2.0, 2.4), Span("two", 2.6, 3.0)]


def test_each_word_is_found_once():
    events = [Event("one", 1.6, 0.9), Event("one", 1.9, 0.9), Event("two", 2.7, 0.9)]
    found, missed, false_events = match_events(events, WORDS)
    assert found == (WORDS[0], WORDS[1])
    assert missed == (WORDS[2],)
    assert false_events == (events[1],)


def test_events_too_early_too_late_or_of_another_label_are_false():
    events = [Event("one", 0.9, 0.9), Event("two", 4.1, 0.9), Event("six", 1.4, 0.9)]
    found, missed, false_events = match_events(events, WORDS)
    assert not found
    assert len(missed) == len(false_events) == 3

"""One label held is one event."""

import numpy as np
import pytest

from cla.errors import ClaError
from cla.models import EventConfig, EventDetector

LABELS = ("none", "zero", "one")
CONFIG = EventConfig(enter=0.6, exit=0.3, hold_tokens=2, refractory_s=0.3)


def detect(leaders, config=CONFIG, probability=0.9):
    """Events of a stream whose tokens lead with the given classes."""
    detector = EventDetector(LABELS, config)
    events = []
    for index, leader in enumerate(leaders):
        probabilities = np.full(3, (1 - probability) / 2, dtype=np.float32)
        probabilities[leader] = probability
        event = detector.detect(0.08 * index, probabilities)
        if event:
            events.append((event.label, round(event.time_s / 0.08)))
    return events


def test_a_held_label_is_one_event_at_its_second_token():
    assert detect([0, 0, 1, 1, 1, 1, 1, 0]) == [("zero", 3)]


def test_a_flash_is_no_event():
    assert detect([0, 1, 0, 2, 0, 1, 2, 1, 2]) == []


def test_the_next_digit_counts_at_once_and_the_same_one_after_a_pause():
    assert detect([1, 1, 2, 2, 0, 0, 0, 2, 2]) == [("zero", 1), ("one", 3), ("one", 8)]


def test_a_dip_above_exit_does_not_repeat():
    detector = EventDetector(LABELS, CONFIG)
    found = []
    for time, value in enumerate([0.9, 0.9, 0.9, 0.4, 0.4, 0.9, 0.9, 0.9]):
        rest = (1 - value) / 2
        event = detector.detect(time, np.array([rest, value, rest], dtype=np.float32))
        found.append(event is not None)
    assert found.count(True) == 1


def test_refractory_time_swallows_a_repeat():
    config = EventConfig(enter=0.6, exit=0.3, hold_tokens=1, refractory_s=1.0)
    assert detect([1, 0, 1, 0], config) == [("zero", 0)]


def test_nothing_is_nothing():
    assert detect([0] * 50) == []


@pytest.mark.parametrize(
    "bad", [{"enter": 0.2}, {"exit": 0.0}, {"hold_tokens": 0}, {"refractory_s": -1}]
)
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ClaError):
        EventConfig(**bad)

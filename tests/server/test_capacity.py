"""Lanes that would hold up others are refused in a sentence, and those that run go on."""

import pytest

from cla.engine import SetLanes
from cla.errors import ClaError
from cla.models import LaneSpec, load_task
from cla.server import capacity
from cla.server.shown_lanes import ShownLanes

FULL = LaneSpec("full")


def following(count, window):
    return SetLanes((FULL, LaneSpec("continual_nystrom", count, "continual", window)))


@pytest.fixture
def shown():
    return ShownLanes(load_task())


def test_ticks_that_take_longer_than_half_a_hop_are_refused(shown, monkeypatch):
    monkeypatch.setattr(capacity, "inverse_s", lambda config: 0.0005 * config.landmarks)
    before = shown.record
    with pytest.raises(ClaError, match="A tick of 96 landmarks takes 48 ms here"):
        shown.apply(following(96, 480))
    with pytest.raises(ClaError, match="257 landmarks cannot follow"):
        shown.apply(following(257, 4096))
    with pytest.raises(ClaError, match="num_landmarks"):
        shown.apply(following(200, 120))
    assert shown.record is before
    shown.apply(following(72, 480))
    assert shown.configs[1].num_landmarks == 72


def test_what_is_measured_is_measured_once():
    config = load_task().lane(LaneSpec("continual_nystrom", 80, "continual", 240))
    attention = config.attentions[0].config
    assert capacity.inverse_s(attention) > 0
    assert capacity.inverse_s(attention) == capacity.inverse_s(attention)


def test_lanes_that_need_too_much_memory_are_refused(shown, monkeypatch):
    monkeypatch.setattr(capacity, "MOST_BYTES", 8 * 2**20)
    with pytest.raises(ClaError, match="MB of memory, more than 8"):
        shown.apply(SetLanes((FULL, LaneSpec("continual_nystrom", 16, window=4096))))
    shown.apply(SetLanes((FULL, LaneSpec("continual_nystrom", 16, window=240))))

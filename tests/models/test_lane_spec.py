"""Lanes as text: what is written is read again, and what is none is explained."""

import msgspec
import pytest

from cla.attention import KINDS
from cla.engine.recording.rows import _named_now
from cla.errors import ClaError
from cla.models import LaneSpec, lane_names, lane_title, parse_lane

LANES = [
    LaneSpec(kind, marks, mode, window, layers)
    for kind in KINDS
    for marks in (None, 16)
    for mode in ("fixed", "continual")
    for window in (None, 480)
    for layers in (None, 1)
]


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_a_lane_is_read_as_it_was_written(lane):
    assert parse_lane(str(lane)) == lane
    assert msgspec.json.decode(msgspec.json.encode(lane), type=LaneSpec) == lane
    assert all(parse_lane(name).kind == lane.kind for name in lane.names)


def test_a_text_says_what_a_lane_chooses():
    assert parse_lane(" continual_nystrom:16@480 ") == LaneSpec("continual_nystrom", 16, window=480)
    assert parse_lane("continual_nystrom/continual:16*1") == LaneSpec(
        "continual_nystrom", 16, "continual", num_layers=1
    )
    given = {"num_landmarks": 8, "landmark_mode": "continual", "window": 60}
    assert parse_lane("full", **given) == LaneSpec("full", window=60)
    assert parse_lane("continual_nystrom/fixed", **given) == LaneSpec(
        "continual_nystrom", 8, "fixed", 60
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no lane"),
        ("linear", "no lane 'linear'"),
        ("full:8", "no landmarks"),
        ("full/fixed", "no mode"),
        ("nystrom/fixed:8", "no mode"),
        ("continual_nystrom:x", "no lane"),
        ("continual_nystrom:8:fixed", "no lane"),
        ("full@", "no lane"),
        ("full,full", "no lane"),
    ],
)
def test_what_is_no_lane_is_explained(text, word):
    with pytest.raises(ClaError, match=word) as caught:
        parse_lane(text)
    assert caught.value.remedy


def test_names_are_no_longer_than_they_need_be():
    texts = ["full", "full@60", "nystrom:8", "continual_nystrom/fixed:8@60"]
    lanes = [parse_lane(text) for text in texts]
    assert lane_names(lanes) == ["full", "full@60", "nystrom", "continual_nystrom"]


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("full", "full"),
        ("full:60", "full@60"),
        ("full:60:L1", "full@60*1"),
        ("continual:L2", "continual*2"),
        ("nystrom:8", "nystrom:8"),
        ("nystrom:8:continual:60", "nystrom:8@60"),
        ("continual_nystrom:8:fixed", "continual_nystrom/fixed:8"),
        ("continual_nystrom:8:continual:60:L1", "continual_nystrom/continual:8@60*1"),
        ("continual_nystrom/continual:8@60*1", "continual_nystrom/continual:8@60*1"),
        ("of somebody's own", "of somebody's own"),
    ],
)
def test_names_of_earlier_recordings_are_known(former, now):
    assert _named_now(former) == now


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("full", "Full attention"),
        ("continual@60", "Exact continual attention, window 60"),
        ("nystrom continual M=4", "Low-rank attention, 4 landmarks"),
        ("continual_nystrom", "Continual low-rank attention"),
        ("continual_nystrom:8", "Continual low-rank attention, 8 landmarks"),
        ("continual_nystrom fixed M=16", "Continual low-rank attention, 16 fixed landmarks"),
        (
            "continual_nystrom/continual@9",
            "Continual low-rank attention, continual landmarks, window 9",
        ),
        ("something else", "something else"),
    ],
)
def test_a_lane_is_named_in_words(name, title):
    assert lane_title(name) == title

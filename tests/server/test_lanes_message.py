"""What a page may ask of its lanes."""

import json

import pytest

from cla.errors import ClaError
from cla.models import load_task
from cla.server.messages import read_message
from cla.server.stage import Stage

FULL = {"kind": "full", "num_landmarks": None, "landmark_mode": "fixed", "window": None}
LOW = {"kind": "continual_nystrom", "num_landmarks": 8, "landmark_mode": "fixed", "window": 60}


@pytest.fixture
def stage():
    stage = Stage({"digits": load_task()}, lambda: None)
    yield stage
    stage.close()


def ask(stage, lanes):
    stage.do(read_message(json.dumps({"type": "lanes", "lanes": lanes})))
    stage.drain()
    return [lane.name for lane in stage.lanes.lanes]


def test_lanes_of_an_address_run(stage):
    stage.do(
        read_message('{"type": "named_lanes", "text": "full@60,continual_nystrom/continual:8"}')
    )
    stage.drain()
    assert [str(lane.config) for lane in stage.lanes.lanes] == [
        "full@60",
        "continual_nystrom/continual:8",
    ]
    with pytest.raises(ClaError, match="no lane 'none'"):
        stage.do(read_message('{"type": "named_lanes", "text": "full,none"}'))


def test_lanes_are_named_by_what_tells_them_apart(stage):
    other = {**LOW, "landmark_mode": "continual"}
    third = {**other, "num_landmarks": 4}
    assert ask(stage, [FULL, LOW]) == ["full", "continual_nystrom"]
    names = ask(stage, [LOW, other, third, FULL])
    assert names == [
        "continual_nystrom/fixed:8",
        "continual_nystrom/continual:8",
        "continual_nystrom:4",
        "full",
    ]
    assert stage.lanes.lanes[0].config.window == 60


@pytest.mark.parametrize(
    "lanes",
    [
        [FULL],
        [FULL, FULL],
        [FULL, LOW, {**LOW, "num_landmarks": 2}, {**LOW, "num_landmarks": 4}, {**LOW, "window": 9}],
        [FULL, {**LOW, "num_landmarks": 7}],
        [FULL, {**LOW, "num_landmarks": None}],
        [FULL, {**LOW, "num_landmarks": True}],
        [FULL, {**LOW, "kind": "none"}],
        [FULL, {**LOW, "landmark_mode": 3}],
        [FULL, {**LOW, "window": 100_000}],
        [FULL, {**LOW, "num_layers": 2}],
        [FULL, {**LOW, "num_layers": "1"}],
        [FULL, "full"],
        "full",
        None,
    ],
)
def test_what_cannot_run_is_refused_and_changes_nothing(stage, lanes):
    before = stage.settings(), stage.lanes
    with pytest.raises(ClaError):
        ask(stage, lanes)
    stage.drain()
    assert (stage.settings(), stage.lanes) == before

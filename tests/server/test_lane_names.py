"""Lanes are called the same in records and on the page, whatever they are changed to meanwhile."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task

from cla.attention import KINDS
from cla.capture import sample_clips
from cla.engine import Comparison, LanesRecord, SetLandmarkMode, SetLandmarks, SetLanes
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.server.messages import Sample, SetFast
from cla.server.shown_lanes import ShownLanes
from cla.server.stage import Stage
from cla.telemetry import TokenRecord
from cla.types import Token

TASK = tiny_sound_task()
# As a page may write them: with landmarks and modes that some kinds do not have.
WRITTEN = [
    LaneSpec(kind, marks, mode)
    for kind in KINDS
    for marks in (4, 8)
    for mode in ("fixed", "continual")
]
COMMANDS = st.one_of(
    st.sampled_from([2, 4, 8]).map(SetLandmarks),
    st.sampled_from(["fixed", "continual"]).map(SetLandmarkMode),
    st.lists(st.sampled_from(WRITTEN), min_size=2, max_size=4).map(tuple).map(SetLanes),
)


def told(record):
    names = [lane.name for lane in record.lanes]
    assert len(set(names)) == len(names)
    return names


def answer(act, command):
    """Whether a change was made, or how it was refused."""
    try:
        act(command)
    except ClaError as error:
        return str(error)
    return "made"


@pytest.mark.parametrize("mode", ["fixed", "continual"])
def test_every_pair_of_lanes_is_called_alike_when_all_modes_or_landmarks_change(mode):
    for pair in combinations(dict.fromkeys(WRITTEN), 2):
        shown, comparison = ShownLanes(TASK, pair), Comparison(TASK, pair)
        for command in (SetLandmarkMode(mode), SetLandmarks(2)):
            assert answer(shown.apply, command) == answer(comparison.apply, command)
            assert told(shown.record) == told(comparison.published)
            assert shown.record == comparison.published


@settings(max_examples=60)
@given(
    st.sampled_from(list(combinations(dict.fromkeys(WRITTEN), 2))), st.lists(COMMANDS, max_size=6)
)
def test_records_carry_the_names_that_were_told(pair, commands):
    shown, comparison = ShownLanes(TASK, pair), Comparison(TASK, pair)
    for index, command in enumerate(commands):
        assert answer(shown.apply, command) == answer(comparison.apply, command)
        token = comparison.step(Token(index, 0.08 * (index + 1), torch.zeros(96)))
        assert [lane.lane for lane in token.lanes] == told(comparison.published)
        assert comparison.published == shown.record


def test_lanes_that_run_the_same_are_one():
    for kind, known in KINDS.items():
        lanes = {LaneSpec(kind, 8, mode) for mode in ("fixed", "continual")}
        assert len(lanes) == max(1, len(known.landmark_modes))


def test_a_stream_of_records_says_of_which_lanes_they_are():
    stage = Stage({"digits": TASK}, lambda: None)
    stage.do(SetFast(True))
    stage.do(Sample(sample_clips()[0].name))
    changes = iter(
        [
            SetLanes((LaneSpec("nystrom", 16), LaneSpec("continual_nystrom", 16))),
            SetLandmarkMode("continual"),
            SetLanes((LaneSpec("nystrom", 16), LaneSpec("nystrom", 8), LaneSpec("full"))),
            SetLandmarkMode("fixed"),
        ]
    )
    names, seen, tokens = None, [], 0
    while not stage.ended():
        for record in stage.drain():
            if isinstance(record, LanesRecord):
                names = told(record)
                seen.append(names)
            elif isinstance(record, TokenRecord):
                assert [lane.lane for lane in record.lanes] == names
                tokens += 1
                if tokens % 20 == 0 and (command := next(changes, None)):
                    stage.do(command)
    stage.close()
    assert tokens > 80
    assert seen[1:] == [
        ["nystrom", "continual_nystrom"],
        ["nystrom", "continual_nystrom"],
        ["nystrom:16", "nystrom:8", "full"],
        ["nystrom:16", "nystrom:8", "full"],
    ]

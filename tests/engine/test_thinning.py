"""A lane that is slow takes every token in and answers some; nobody waits, and a replay agrees."""

import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch
from replays import replayed
from rows import assert_rows_close
from tiny_tasks import tiny_sound_task

from cla.engine import (
    Comparison,
    Recorder,
    Recording,
    Session,
    SetEmit,
    SetLanes,
    SetWindow,
    sound_stream,
)
from cla.engine.commands import Thin
from cla.engine.pace import CALM, STEADY, Pace
from cla.engine.stepper import Stepper
from cla.models import LONGEST_WINDOW, LaneSpec
from cla.telemetry import TokenRecord
from cla.types import Token

FULL, LOW = LaneSpec("full"), LaneSpec("continual_nystrom", 4)
KINDS = (FULL, LaneSpec("continual"), LOW, LaneSpec("continual_nystrom", 4, "continual"))
HOP = 1_280
NOISE = np.random.default_rng(6).uniform(-0.2, 0.2, 60 * HOP).astype(np.float32)


def make_tokens(count, seed=0):
    features = torch.randn(count, 96, generator=torch.Generator().manual_seed(seed))
    return [Token(i, 0.08 * (i + 1), features[i]) for i in range(count)]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("mode", ["retroactive", "cascaded"])
@pytest.mark.parametrize("config", KINDS)
def test_tokens_that_are_only_taken_in_are_not_lost(config, layers, mode):
    task = tiny_sound_task(num_layers=layers)
    task.classifier.config.__dict__["stack_mode"] = mode
    tokens = [token.features for token in make_tokens(70)]
    each, some = (Stepper(task, config, torch.device("cpu"), kernels=True) for _ in range(2))
    for stepper in (each, some):
        stepper.state = stepper.state_after(torch.empty(0), 0)
    for start in range(0, 70, 5):
        for features in tokens[start : start + 5]:
            expected = each.step(features, emit=False)
        found = some.answer(tokens[start : start + 5], emit=False)
        assert_rows_close(found.probabilities, expected.probabilities)


@pytest.mark.parametrize("every", [1, 3])
def test_a_thinned_lane_answers_some_tokens_as_if_it_answered_all(every):
    task, tokens = tiny_sound_task(), make_tokens(60)
    thinned, steady = Comparison(task, [LOW, FULL]), Comparison(task, [LOW, FULL])
    thinned.apply(SetEmit(True))
    expected = [steady.step(token).lanes for token in tokens]
    for token in tokens[:10]:
        thinned.step(token)
    thinned.apply(Thin("full", every))
    answered = []
    for token in tokens[10:]:
        low, full = thinned.step(token).lanes
        assert np.array_equal(low.probabilities, expected[token.index][0].probabilities)
        assert (low.answered, low.reads_every, low.age) == (True, 1, 0)
        assert full.reads_every == every
        if not full.answered:
            assert (full.ops, full.event, full.attention, full.age) == (0, None, None, 0)
            continue
        answered.append(token.index - full.age)
        twin = expected[answered[-1]][1]
        assert_rows_close(full.probabilities, twin.probabilities)
        assert full.valid_tokens == twin.valid_tokens
        assert full.attention.shape == (1, 2, 24)
    assert answered == list(range(10, 60 - every, every))
    thinned.apply(Thin("full", 0))
    low, full = thinned.step(make_tokens(61)[-1]).lanes
    assert full.answered
    assert_rows_close(full.probabilities, steady.step(make_tokens(61)[-1]).lanes[1].probabilities)


def test_an_answer_that_is_late_is_put_off():
    task, tokens = tiny_sound_task(), make_tokens(12)
    comparison = Comparison(task, [LOW, FULL])
    comparison.apply(Thin("full", 2))
    told = []
    for token in tokens:
        if token.index in (2, 3):  # each time the answer to token 0 is due
            comparison.apply(Thin("full", 2 if token.index == 2 else 4))
        full = comparison.step(token).lanes[1]
        if full.answered:
            told.append((token.index, full.age))
    assert told == [(5, 5), (9, 4)]


@pytest.mark.parametrize(
    "command",
    [SetWindow(12), SetLanes((LOW, LaneSpec("full", window=12))), SetLanes((FULL, LOW))],
)
def test_lanes_change_while_an_answer_is_computed(command, monkeypatch):
    task, tokens = tiny_sound_task(), make_tokens(40)
    release, usual = threading.Event(), Stepper.answer
    monkeypatch.setattr(
        Stepper, "answer", lambda *args, **named: release.wait(60) and usual(*args, **named)
    )
    comparison, steady = Comparison(task, [LOW, FULL]), Comparison(task, [LOW, FULL])
    for token in tokens[:20]:
        comparison.step(token)
        steady.step(token)
    comparison.apply(Thin("full", 9))
    comparison.step(tokens[20])
    steady.step(tokens[20])
    told = comparison.apply(command), steady.apply(command)
    assert told[0].lanes == told[1].lanes
    if not isinstance(command, SetLanes) or FULL not in command.configs:
        for token in tokens[21:]:
            pairs = zip(comparison.step(token).lanes, steady.step(token).lanes, strict=True)
            for found, expected in pairs:
                assert_rows_close(found.probabilities, expected.probabilities)
    release.set()


def test_windows_fill_while_an_answer_is_computed(monkeypatch):
    task, tokens = tiny_sound_task(), make_tokens(40)
    release, usual = threading.Event(), Stepper.answer
    monkeypatch.setattr(
        Stepper, "answer", lambda *args, **named: release.wait(60) and usual(*args, **named)
    )
    comparison, steady = Comparison(task, [LOW, FULL]), Comparison(task, [LOW, FULL])
    comparison.apply(Thin("full", 9))
    for token in tokens[:5]:
        comparison.step(token)
        steady.step(token)
    coming = comparison.lane("full").coming
    for each in (comparison, steady):
        each.fill(torch.ones(3, 96), 30)
    release.set()
    coming.settle()  # in a state that is no longer the lane's
    for token in tokens[5:]:
        pairs = zip(comparison.step(token).lanes, steady.step(token).lanes, strict=True)
        for found, expected in pairs:
            assert found.answered
            assert_rows_close(found.probabilities, expected.probabilities)


@pytest.mark.parametrize("window", [None, LONGEST_WINDOW])
def test_no_lane_and_no_sound_waits_for_a_slow_one(monkeypatch, window):
    """Full attention over the longest window is known to be slow before it has been measured."""
    task, release, usual = tiny_sound_task(), threading.Event(), Stepper.answer
    lanes = [replace(spec, window=window) for spec in (FULL, LOW)]
    monkeypatch.setattr(
        Stepper, "answer", lambda *args, **named: release.wait(60) and usual(*args, **named)
    )
    with closing(Session(task, lanes, sound_stream(task, 16_000, preview=True))) as session:
        if window:
            session.fill(torch.randn(50, 96), window)
        else:
            session.send(Thin("full", 1))
        heard = hear(session, NOISE)
        assert [record.token for record in heard] == list(range(60))
        assert all(record.lanes[1].answered for record in heard)
        assert not any(record.lanes[0].answered for record in heard)
        assert session._pipeline.comparison.lanes[0].every > 1
        release.set()


def hear(session, sound):
    """The records of some sound, pushed as it is worked on."""
    found = []
    for start in range(0, len(sound), HOP):
        assert session.push(sound[start : start + HOP])
        deadline = time.monotonic() + 60
        while len(found) * HOP < start + HOP and time.monotonic() < deadline:
            records = session.drain(timeout_s=1)
            found += [record for record in records if isinstance(record, TokenRecord)]
    return found


def test_what_was_thinned_by_the_clock_is_the_same_without_it(tmp_path, monkeypatch):
    task, asked = tiny_sound_task(), {5: 3, 9: 3, 14: 5, 30: 1, 40: 0, 50: 2}
    usual = Comparison.thinning

    def thinning(comparison, *, in_time):
        usual(comparison, in_time=in_time)  # what it measures is not to matter
        every = asked.get(comparison.history.count)
        return [] if every is None else [Thin("full", every)]

    monkeypatch.setattr(Comparison, "thinning", thinning)
    with closing(Session(task, [FULL, LOW], sound_stream(task, 16_000))) as session:
        session.start_recording(Recorder(tmp_path / "thinned"))
        session.send(SetEmit(True))
        heard = hear(session, NOISE)
    assert 30 < sum(record.lanes[0].answered for record in heard) < 45
    monkeypatch.setattr(Comparison, "thinning", None)
    recording = Recording(tmp_path / "thinned")
    rows = [row for row in recording.rows() if row["lane"] == "full"]
    assert len(rows) == sum(record.lanes[0].answered for record in heard)
    check = replayed(recording, task)
    assert check.equal, check.difference
    assert check.compared == 60


def test_a_pace_follows_what_it_measures_with_patience():
    pace = Pace(0.08, 1e6)
    assert pace.wanted(0) == 0
    for _ in range(STEADY):
        pace.took(0.001)
    assert pace.wanted(0) == 0
    for took_s, every, wanted in ((0.03, 0, 1), (0.2, 1, 3), (0.5, 3, 7)):
        for _ in range(STEADY):
            pace.took(took_s)
        assert pace.wanted(every) == wanted
    for _ in range(STEADY - 1):  # one that is slow still counts
        pace.took(0.1)
        assert pace.wanted(7) == 7
    pace.took(0.1)
    assert pace.wanted(7) == 2
    for _ in range(CALM):
        assert pace.wanted(1) >= 1
        pace.took(0.001)
    assert pace.wanted(1) == 0


def test_a_pace_is_guessed_from_the_count_and_raised_when_answers_are_late_again():
    pace = Pace(0.08, 4.3e9)
    assert pace.wanted(0) == 8
    assert pace.late(8, 0.7) == 8
    assert pace.late(8, 0.8) == 11
    pace.took(0.9)
    assert pace.late(11, 1.0) == 11
    assert Pace(0.08, None).wanted(0) == 0

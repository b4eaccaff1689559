"""Lanes change their attention without a gap, and never report numbers that are none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rows import assert_rows_close

from cla.engine import (
    Comparison,
    FitLandmarks,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
)
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.models.landmarks import fit_landmarks
from cla.types import Token

FULL = LaneSpec("full")
LOW = LaneSpec("continual_nystrom", 4)


def make_tokens(count, seed=0):
    features = torch.randn(count, 96, generator=torch.Generator().manual_seed(seed))
    return [Token(i, 0.08 * (i + 1), features[i]) for i in range(count)]


def probabilities(records):
    return np.stack([record.probabilities for record in records])


@pytest.mark.parametrize("count", [10, 24, 70])
@pytest.mark.parametrize("mode", ["fixed", "continual"])
def test_a_changed_lane_goes_on_as_if_it_had_always_been_so(task, count, mode):
    tokens = make_tokens(count + 40)
    changed = Comparison(task, [LaneSpec("continual_nystrom", 2)])
    for token in tokens[:count]:
        changed.step(token)
    changed.lanes[0].change(LaneSpec("continual_nystrom", 8, mode))
    steady = Comparison(task, [LaneSpec("continual_nystrom", 8, mode)])
    for token in tokens[:count]:
        steady.step(token)
    expected = probabilities([steady.step(token).lanes[0] for token in tokens[count:]])
    found = probabilities([changed.step(token).lanes[0] for token in tokens[count:]])
    assert_rows_close(found, expected)


def test_lanes_get_the_identical_token_and_count_alone(task):
    comparison = Comparison(task, [FULL, LOW])
    comparison.apply(SetEmit(True))
    total = 0
    for token in make_tokens(60):
        record = comparison.step(token)
        full, low = record.lanes
        total += full.ops
        assert (full.lane, low.lane) == ("full", "continual_nystrom")
        assert full.total_ops == total
        assert full.attention.shape == (1, 2, 24)
        assert full.valid_tokens == min(record.token + 1, 24)
        assert full.compute_ms > 0
    assert low.total_ops < full.total_ops


def test_a_warm_up_leaves_no_trace(task):
    warm, cold = Comparison(task, [FULL, LOW]), Comparison(task, [FULL, LOW])
    warm.warm_up()
    for token in make_tokens(5):
        for first, second in zip(warm.step(token).lanes, cold.step(token).lanes, strict=True):
            np.testing.assert_array_equal(first.probabilities, second.probabilities)
            assert (first.valid_tokens, first.total_ops) == (second.valid_tokens, second.total_ops)


def test_landmark_settings_reach_the_lanes_that_have_them(task):
    kinds = [FULL, LaneSpec("continual"), LaneSpec("nystrom", 4), LOW]
    comparison = Comparison(task, kinds)
    comparison.apply(SetLandmarkMode("continual"))
    comparison.apply(SetLandmarks(6))
    configs = [lane.config for lane in comparison.lanes]
    assert [config.num_landmarks for config in configs] == [None, None, 6, 6]
    assert len(comparison.step(make_tokens(1)[0]).lanes) == 4


def test_a_refused_change_leaves_every_lane_as_it_was(task):
    lanes = [LaneSpec("nystrom", 4, window=16), LaneSpec("continual_nystrom", 8, window=16)]
    comparison = Comparison(task, lanes)
    with pytest.raises(ClaError, match="num_landmarks=7"):
        comparison.apply(SetLandmarks(7))
    assert [lane.config.num_landmarks for lane in comparison.lanes] == [4, 8]
    assert comparison.step(make_tokens(1)[0]).lanes[0].valid_tokens == 1


def test_impossible_lanes_are_refused(task):
    impossible = [
        [],
        [FULL, FULL],
        [LaneSpec("continual_nystrom", 25)],
        [LaneSpec("continual_nystrom", 3)],
        [LaneSpec("full", window=4_097)],
    ]
    for lanes in impossible:
        with pytest.raises(ClaError):
            Comparison(task, lanes)
    with pytest.raises(ClaError, match="no lane 'other'"):
        Comparison(task, [FULL]).lane("other")


@pytest.mark.parametrize("config", [FULL, LOW, LaneSpec("continual_nystrom", 4, "continual")])
def test_a_bad_token_is_left_out(task, config):
    tokens = make_tokens(90)
    lane = Comparison(task, [config])
    for token in tokens[:50]:
        lane.step(token)
    record = lane.step(Token(50, 4.0, torch.full((96,), torch.nan))).lanes[0]
    assert record.rebuilds == 1
    assert record.label == "none"
    assert np.isfinite(record.probabilities).all()
    for token in tokens[51:]:
        record = lane.step(token).lanes[0]
        assert np.isfinite(record.probabilities).all()
    assert record.rebuilds == 1


def test_explain_gives_the_map_or_its_factors(task):
    comparison = Comparison(task, [FULL, LOW])
    assert comparison.lane("full").explain() == {}
    for token in make_tokens(30):
        comparison.step(token)
    assert comparison.lane("full").explain()["attention"].shape == (2, 24, 24)
    factors = comparison.lane("continual_nystrom").explain()
    assert factors["beta"].shape == (2, 24, 4)
    assert factors["gamma_inv"].shape == (2, 4, 4)
    assert factors["delta"].shape == (2, 4, 24)


def test_reset_forgets(task):
    lane = Comparison(task, [LOW])
    tokens = make_tokens(40)
    first = probabilities([lane.step(token).lanes[0] for token in tokens])
    lane.reset()
    again = [lane.step(token).lanes[0] for token in tokens]
    np.testing.assert_array_equal(probabilities(again), first)
    assert again[0].total_ops == again[0].ops


def test_lanes_come_and_go_without_a_gap(task):
    generator = torch.Generator().manual_seed(8)
    tokens = [Token(i, i * 0.08, torch.randn(96, generator=generator)) for i in range(80)]
    first, low = LaneSpec("full"), LaneSpec("continual_nystrom", 4)
    other = LaneSpec("continual_nystrom", 4, "continual", 12)
    changing = Comparison(task, [first, low])
    steady = Comparison(task, [first, low, other])
    for token in tokens[:50]:
        changing.step(token)
        steady.step(token)
    changing.apply(SetLanes((low, other, first)))
    assert [lane.name for lane in changing.lanes] == [
        "continual_nystrom/fixed:4",
        "continual_nystrom/continual:4",
        "full",
    ]
    for token in tokens[50:]:
        found, expected = changing.step(token), steady.step(token)
        for lane, twin in zip(found.lanes, [expected.lanes[i] for i in (1, 2, 0)], strict=True):
            assert lane.lane == twin.lane
            assert_rows_close(lane.probabilities, twin.probabilities)
    # Those that stay keep their totals, one that joins counts from then on.
    assert found.lanes[2].total_ops == expected.lanes[0].total_ops
    assert found.lanes[1].total_ops < expected.lanes[2].total_ops


JOINING = [LaneSpec("continual"), LaneSpec("full", window=12), LaneSpec("nystrom", 4)]


@pytest.mark.parametrize("count", [0, 10, 60])
@pytest.mark.parametrize("config", [*JOINING, LaneSpec("continual_nystrom", 8)])
def test_a_lane_that_joins_has_the_past_that_it_would_have_had(task, config, count):
    tokens = make_tokens(count + 20, seed=3)
    joining, steady = Comparison(task, [FULL, LOW]), Comparison(task, [config])
    for comparison in (joining, steady):
        comparison.apply(SetSensitivity(0.01))
    joining.apply(SetEmit(True))
    expected = [steady.step(token).lanes[0] for token in tokens[:count]]
    for token in tokens[:count]:
        joining.step(token)
    told = joining.apply(SetLanes((FULL, LOW, config)))
    assert list(told.past) == [told.lanes[2].name]
    past = told.past[told.lanes[2].name]
    shown = expected[-24:]
    assert past.probabilities.shape == (len(shown), len(task.labels))
    if shown:
        assert_rows_close(past.probabilities, probabilities(shown))
    # The oldest may be one that was held before.
    ages = {age: label for age, label in past.events if age < 12}
    said = {
        count - 1 - at: record.event.label for at, record in enumerate(expected) if record.event
    }
    assert ages == {age: label for age, label in said.items() if age < 12}


def test_a_lane_of_another_number_of_landmarks_goes_on_where_it_was(task):
    comparison = Comparison(task, [FULL, LOW, LaneSpec("continual_nystrom", 4, "continual")])
    for token in make_tokens(30):
        total = comparison.step(token).lanes[1].total_ops
    told = comparison.apply(
        SetLanes((FULL, LaneSpec("continual_nystrom", 8), comparison.lanes[2].config))
    )
    assert not told.past
    record = comparison.step(make_tokens(31)[-1]).lanes[1]
    assert record.total_ops == total + record.ops


def test_lanes_that_cannot_run_change_nothing(task):
    comparison = Comparison(task, [LaneSpec("full"), LaneSpec("continual_nystrom", 4)])
    before = comparison.lanes
    for configs in ((), (LaneSpec("full"),) * 2, (LaneSpec("continual_nystrom", 5),)):
        with pytest.raises(ClaError):
            comparison.apply(SetLanes(configs))
    assert comparison.lanes is before


def test_sensitivity_acts_on_events_alone_in_lanes_that_come_later_too(task):
    tokens = make_tokens(60, seed=3)
    plain, keen = (Comparison(task, [FULL, LOW]) for _ in range(2))
    keen.apply(SetSensitivity(0.01))
    for comparison in (plain, keen):
        comparison.apply(SetLanes((FULL, LOW, LaneSpec("nystrom", 4))))
    found = [[one.step(token) for token in tokens] for one in (plain, keen)]
    for record, other in zip(*found, strict=True):
        for lane, again in zip(record.lanes, other.lanes, strict=True):
            assert np.array_equal(lane.probabilities, again.probabilities)
    for place in range(3):
        few, many = (sum(r.lanes[place].event is not None for r in one) for one in found)
        assert few < many


def test_sensitivity_changes_while_an_event_is_held(task):
    comparison = Comparison(task, [FULL])
    comparison.apply(SetSensitivity(0.01))
    first = next(
        token for token in make_tokens(60, seed=3) if comparison.step(token).lanes[0].event
    )
    comparison.apply(SetSensitivity(1.0))
    later = [comparison.step(t) for t in make_tokens(60, seed=3)[first.index + 1 :]]
    assert not any(record.lanes[0].event for record in later)


def test_landmarks_are_fitted_to_what_was_heard_and_taken_back(task):
    """As with landmarks fitted so before the stream; a lane that comes later has them too."""
    heard, later = make_tokens(96)[:72], make_tokens(96)[72:]
    kept = [token.features.numpy() for token in heard]
    told = {"tokens": 72, "counts": (4, 8), "pairs": True}
    fitted = fit_landmarks(task.classifier, [np.stack(kept)], **told)
    steady = Comparison(replace(task, landmarks=fitted), [LOW, LaneSpec("continual_nystrom", 8)])
    own, fit, undone = (Comparison(task, [LOW]) for _ in range(3))
    for token in heard:
        for comparison in (steady, own, fit, undone):
            comparison.step(token)
    assert fit.apply(FitLandmarks(True)).heard == undone.apply(FitLandmarks(True)).heard == 72
    assert undone.apply(FitLandmarks(False)).heard == 0
    fit.apply(SetLanes((LOW, LaneSpec("continual_nystrom", 8))))
    said = {
        name: [np.stack([lane.probabilities for lane in one.step(token).lanes]) for token in later]
        for name, one in {"steady": steady, "own": own, "fit": fit, "undone": undone}.items()
    }
    assert_rows_close(np.concatenate(said["fit"]), np.concatenate(said["steady"]))
    assert_rows_close(np.concatenate(said["undone"]), np.concatenate(said["own"]))
    assert np.abs(np.stack(said["fit"])[:, 0] - np.stack(said["own"])[:, 0]).max() > 1e-3
    fit.reset()
    assert fit.published.heard == 0


def test_too_little_that_was_heard_changes_nothing(task):
    comparison = Comparison(task, [LOW])
    before = comparison.lanes[0].task
    for token in make_tokens(63):
        comparison.step(token)
    with pytest.raises(ClaError, match="5 s"):
        comparison.apply(FitLandmarks(True))
    assert comparison.lanes[0].task is before

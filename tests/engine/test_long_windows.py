"""Windows beyond that of the training: positions recur, and the past is kept once for all lanes."""

from dataclasses import replace

import pytest
import torch
from rows import assert_rows_close
from tiny_tasks import tiny_sound_task

from cla.engine import Comparison, History, SetLanes, SetWindow, history
from cla.errors import ClaError
from cla.models import LONGEST_WINDOW, LaneSpec
from cla.types import Token

KINDS = (
    LaneSpec("full"),
    LaneSpec("continual"),
    LaneSpec("continual_nystrom", 4),
    LaneSpec("continual_nystrom", 4, "continual"),
    LaneSpec("nystrom", 4),
)
LONG = 150
"""Six windows of the training, three periods of the positions."""


def make_tokens(count, seed=0):
    features = torch.randn(count, 96, generator=torch.Generator().manual_seed(seed))
    return [Token(i, 0.08 * (i + 1), features[i]) for i in range(count)]


def test_every_lane_goes_on_with_a_longer_window_as_if_it_always_had_it():
    task, tokens = tiny_sound_task(), make_tokens(320)
    changed, steady = Comparison(task, KINDS), Comparison(task, KINDS)
    steady.apply(SetWindow(LONG))
    for token in tokens[:280]:
        changed.step(token)
        steady.step(token)
    changed.apply(SetWindow(LONG))
    for token in tokens[280:]:
        for found, expected in zip(
            changed.step(token).lanes, steady.step(token).lanes, strict=True
        ):
            assert found.valid_tokens == expected.valid_tokens == LONG
            assert_rows_close(found.probabilities, expected.probabilities)
    changed.apply(SetWindow(None))
    assert [lane.config for lane in changed.lanes] == list(KINDS)


def test_positions_recur_within_a_long_window():
    task = tiny_sound_task()
    tokens = torch.stack([token.features for token in make_tokens(LONG)])[None]
    full = task.with_attention("full", window=LONG)
    phase = torch.arange(LONG) % task.classifier.config.position_period
    expected = full.input_proj(full.input_norm(tokens)) + task.classifier.position_table[phase]
    assert torch.equal(full.embed(tokens, torch.zeros(1, dtype=torch.int64)), expected)


def test_the_past_is_kept_once_and_forgets_the_oldest():
    task = tiny_sound_task()
    comparison = Comparison(task, KINDS)
    assert all(lane._history is comparison.history for lane in comparison.lanes)
    kept = History(task)
    assert kept.capacity >= 2 * LONGEST_WINDOW
    assert kept.size_bytes == 4 * 96 * kept.capacity
    rows = torch.arange(kept.capacity + 10.0)[:, None].expand(-1, 96)
    for row in rows:
        kept.add(row)
    assert torch.equal(kept.newest(20), rows[-20:])
    assert torch.equal(kept.newest(kept.capacity + 1), rows[10:])
    kept.clear()
    assert len(kept.newest(5)) == 0


@torch.inference_mode()
def test_a_lane_that_begins_again_leaves_the_past_to_the_others():
    task, tokens = tiny_sound_task(), make_tokens(90)
    comparison, fresh = (Comparison(task, KINDS[:2]) for _ in range(2))
    for token in tokens[:40]:
        comparison.step(token)
    for tensor in comparison.lanes[0]._stepper.state.stack.layers[0]:
        if tensor.is_floating_point():
            tensor.fill_(float("nan"))
    assert [lane.rebuilds for lane in comparison.step(tokens[40]).lanes] == [1, 0]
    for token in tokens[41:]:
        expected = fresh.step(token).lanes[0]
        first, second = comparison.step(token).lanes
        assert_rows_close(first.probabilities, expected.probabilities)
        assert second.valid_tokens == 24


@pytest.mark.parametrize("window", [LONGEST_WINDOW + 1, 10**6])
def test_a_window_that_is_too_long_is_refused_and_the_lanes_go_on(window):
    comparison = Comparison(tiny_sound_task(), KINDS)
    comparison.step(make_tokens(1)[0])
    with pytest.raises(ClaError, match=f"window={window} is longer than 4096 tokens"):
        comparison.apply(SetWindow(window))
    with pytest.raises(ClaError, match="num_landmarks"):
        comparison.apply(SetLanes((LaneSpec("continual_nystrom", 200, "continual", 150),)))
    assert comparison.step(make_tokens(1)[0]).lanes[0].valid_tokens == 2


def test_layers_whose_past_is_not_kept_are_refused(monkeypatch):
    task, longest = tiny_sound_task(num_layers=2), LaneSpec("full", window=LONGEST_WINDOW)
    assert Comparison(task, [replace(longest, num_layers=1)]).history.capacity == 16_384
    monkeypatch.setattr(history, "MAX_BYTES", 5_000 * 4 * 96)
    with pytest.raises(ClaError, match="rests on more than the 5,000"):
        Comparison(task, [LaneSpec("continual_nystrom", 2, "continual", LONGEST_WINDOW)])


def test_a_map_too_large_to_be_looked_at_is_refused():
    comparison = Comparison(tiny_sound_task(), [LaneSpec("full", window=LONGEST_WINDOW), KINDS[2]])
    for token in make_tokens(3):
        comparison.step(token)
    with pytest.raises(ClaError, match="million numbers"):
        comparison.lanes[0].explain()
    assert comparison.lanes[1].explain()["beta"].shape == (2, 24, 4)

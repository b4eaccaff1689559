"""What lanes show of themselves: layers, stretches of landmarks, how loud the sound is."""

import numpy as np
import pytest
import torch
from rows import assert_rows_close
from tiny_tasks import tiny_sound_task

from cla.engine import SOUND_STEP_S, Comparison, SetEmit, SoundStream
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.types import Token

FOLLOWING = LaneSpec("continual_nystrom", 5, "continual")


def make_tokens(count):
    features = torch.randn(count, 96, generator=torch.Generator().manual_seed(1))
    return [Token(i, 0.08 * (i + 1), features[i]) for i in range(count)]


@pytest.fixture(scope="module")
def deep_task():
    return tiny_sound_task(num_layers=2)


@pytest.mark.parametrize("config", [FOLLOWING, LaneSpec("nystrom", 5)])
def test_landmarks_are_the_means_of_their_stretches(config):
    task = tiny_sound_task()
    comparison, tokens = Comparison(task, [config]), make_tokens(70)
    comparison.apply(SetEmit(True))
    lane = comparison.lanes[0]
    for seen, token in enumerate(tokens, 1):
        record = comparison.step(token).lanes[0]
        classifier = lane._stepper.classifier
        line = torch.stack([each.features for each in tokens[:seen]])[None]
        embedded = classifier.embed(line, torch.zeros(1, dtype=torch.int64))
        keys = classifier.attentions[0].project(embedded, torch.float32).keys[0]
        means = [keys[:, seen - first : seen - last].mean(1) for first, last in record.stretches]
        shown = lane.explain()["key_landmarks"][:, -len(means) :]
        assert_rows_close(torch.stack(means, 1), shown)


@pytest.mark.parametrize("config", [LaneSpec("full"), LaneSpec("continual_nystrom", 4)])
def test_what_has_no_moving_landmarks_stands_for_no_stretch(config):
    comparison = Comparison(tiny_sound_task(), [config])
    comparison.apply(SetEmit(True))
    record = comparison.step(make_tokens(1)[0]).lanes[0]
    assert record.stretches is None
    assert record.state_bytes > 0


def test_a_lane_may_run_the_lower_layers_alone(deep_task):
    whole, lower = LaneSpec("full"), LaneSpec("full", num_layers=1)
    low = LaneSpec("continual_nystrom", 4, num_layers=1)
    comparison = Comparison(deep_task, [whole, lower, low])
    comparison.apply(SetEmit(True))
    assert [lane.name for lane in comparison.lanes] == [
        "full",
        "full*1",
        "continual_nystrom",
    ]
    classifier = deep_task.with_attention("full", num_layers=1)
    tokens = make_tokens(40)
    expected, _ = classifier.scan(
        torch.stack([token.features for token in tokens])[None], classifier.init_state(1)
    )
    for token in tokens:
        record = comparison.step(token)
    full, first, fixed = record.lanes
    assert_rows_close(first.probabilities, expected[0, -1].softmax(-1))
    assert abs(full.probabilities - first.probabilities).max() > 1e-4
    assert full.ops > first.ops > fixed.ops
    assert full.attention.shape == (2, 2, 24)
    assert first.attention.shape == (1, 2, 24)
    lane = comparison.lane("full")
    assert lane.explain(1)["attention"].shape == (2, 24, 24)
    assert abs(lane.explain(1)["attention"] - lane.explain(0)["attention"]).max() > 1e-3
    with pytest.raises(ClaError, match="no layer 1"):
        comparison.lane("continual_nystrom").explain(1)


@pytest.mark.parametrize("layers", [0, 3, -1])
def test_layers_that_are_not_there_are_refused(deep_task, layers):
    with pytest.raises(ClaError, match="num_layers"):
        Comparison(deep_task, [LaneSpec("full", num_layers=layers)])


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("packet", [100, 640, 5_000])
def test_loudness_lies_where_the_sound_is(rate_hz, packet):
    samples = np.zeros(2 * rate_hz, np.float32)
    samples[rate_hz : rate_hz + rate_hz // 10] = -0.5
    stream, found = SoundStream(rate_hz, preview=True), []
    for start in range(0, len(samples), packet):
        record = stream.take(Arrival(samples[start : start + packet], 0.0)).seen
        if record:
            count = len(record.peaks)
            times = record.time_s - SOUND_STEP_S * np.arange(count)[::-1]
            found += list(zip(times, record.peaks, strict=True))
    loud = [time_s for time_s, peak in found if peak > 0.4]
    assert 1.0 < min(loud) < 1.02
    assert 1.09 < max(loud) < 1.12
    assert len(found) == pytest.approx(200, abs=2)
    stream.reset()
    assert stream.take(Arrival(samples[: rate_hz // 10], 0.0)).seen.time_s < 0.11

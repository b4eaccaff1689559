"""Windows filled at once, by tokens that are put before the stream; a replay has them too."""

from contextlib import closing

import numpy as np
import pytest
import torch
from replays import replayed
from rows import assert_rows_close
from tiny_tasks import tiny_sound_task

from cla.engine import (
    Comparison,
    FillRecord,
    Recorder,
    Recording,
    Session,
    replay,
    sound_stream,
)
from cla.engine.history import History
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import Token

LANES = (
    LaneSpec("full", window=100),
    LaneSpec("continual_nystrom", 4, "continual", 90),
    LaneSpec("continual_nystrom", 4),
)
HOP = 1_280
NOISE = np.random.default_rng(6).uniform(-0.2, 0.2, 30 * HOP).astype(np.float32)
ROWS = torch.randn(40, 96, generator=torch.Generator().manual_seed(7))


def make_tokens(count):
    features = torch.randn(count, 96, generator=torch.Generator().manual_seed(2))
    return [Token(i, 0.08 * (i + 1), features[i]) for i in range(count)]


@pytest.mark.parametrize("heard", [0, 15])
def test_filled_lanes_are_as_if_the_tokens_had_come(heard):
    filled, steady = (Comparison(tiny_sound_task(), LANES) for _ in range(2))
    tokens = make_tokens(heard + 20)
    rows = [*ROWS[-10:], *ROWS, *ROWS, *ROWS]  # 130, the last one last
    said = [steady.step(Token(0, 0.0, row)) for row in rows]
    for token in tokens[:heard]:
        filled.step(token)
        said.append(steady.step(token))
    past = filled.fill(ROWS, 130)
    assert filled.history.count == heard + 130
    for at, lane in enumerate(steady.lanes):
        expected = np.stack([each.lanes[at].probabilities for each in said[-20:]])
        assert_rows_close(past[lane.name].probabilities[-20:], expected)
    for token in tokens[heard:]:
        pairs = zip(filled.step(token).lanes, steady.step(token).lanes, strict=True)
        for found, expected in pairs:
            assert found.valid_tokens == expected.valid_tokens
            assert_rows_close(found.probabilities, expected.probabilities)


def test_a_long_past_keeps_its_newest_tokens():
    history = History(tiny_sound_task())
    for row in torch.arange(history.capacity - 3.0)[:, None].expand(-1, 96):
        history.add(row.numpy())
    before = history.newest(history.capacity)
    history.put_before(ROWS, 50)
    assert history.count == history.capacity + 47
    assert torch.equal(history.newest(history.capacity), torch.cat([ROWS[-3:], before]))


def heard_of(session):
    for start in range(0, len(NOISE), HOP):
        assert session.push(NOISE[start : start + HOP], timeout_s=60)
        if start == 12 * HOP:
            session.fill(ROWS, 200)
        if start == 20 * HOP:
            session.fill(ROWS[:7], 30)
    session.finish()
    assert session.wait_finished(60)
    return session.drain()


def test_a_replay_fills_windows_with_what_was_recorded(tmp_path):
    task = tiny_sound_task()
    with closing(Session(task, LANES, sound_stream(task, 16_000), live=False)) as session:
        session.start_recording(Recorder(tmp_path / "filled"))
        records = heard_of(session)
    assert sum(isinstance(record, FillRecord) for record in records) == 2
    recording = Recording(tmp_path / "filled")
    assert (tmp_path / "filled" / "filled.f32").stat().st_size == 4 * 96 * 47
    check = replayed(recording, task)
    assert check.equal, check.difference
    assert check.compared == 30
    (tmp_path / "filled" / "filled.f32").write_bytes(b"")  # cut off
    assert sum(isinstance(record, TokenRecord) for record in replay(recording, task)) < 30


@pytest.mark.parametrize(
    "bad", [torch.zeros(3, 95), torch.zeros(0, 96), torch.full((2, 96), torch.nan), torch.zeros(96)]
)
def test_what_are_no_tokens_changes_nothing(bad):
    task = tiny_sound_task()
    with closing(Session(task, LANES, sound_stream(task, 16_000), live=False)) as session:
        pipeline = session._pipeline
        with pytest.raises(ClaError, match="no finite tokens of 96 numbers"):
            pipeline.fill(bad, 10)
        assert pipeline.comparison.history.count == 0

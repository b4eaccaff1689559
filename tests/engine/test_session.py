"""Sessions: lossless, bounded, repeatable, and gone when closed."""

import threading
import time

import numpy as np
import pytest

from cla.capture import SoundSource, open_audio, sample_clips
from cla.engine import (
    FaultRecord,
    Feeder,
    MapRecord,
    Pause,
    RequestMap,
    Reset,
    Resume,
    Session,
    SetLandmarks,
    SoundStream,
    StepOnce,
)
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import AudioChunk

LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 4)]
SECOND = np.sin(np.arange(16_000) * 0.05).astype(np.float32) * 0.1


def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("cla-")]


@pytest.fixture
def session(task):
    session = Session(task, LANES, SoundStream(16_000), live=False)
    yield session
    session.close()
    assert our_threads() == []


def tokens_of(records):
    return [record for record in records if isinstance(record, TokenRecord)]


def wait_for(condition, timeout=60.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.005)


def collect(session, count, timeout=60.0):
    """Records until `count` tokens have come."""
    records = []

    def enough():
        records.extend(session.drain())
        return len(tokens_of(records)) >= count

    wait_for(enough, timeout)
    return records


def test_every_sample_counts_once(session):
    for packet in np.array_split(SECOND, 7):
        assert session.push(packet)
    session.finish()
    assert session.wait_finished(60)
    records = tokens_of(session.drain())
    assert [record.token for record in records] == list(range(12))
    assert records[-1].time_s == pytest.approx(12 * 0.08)


def test_int16_and_float_sound_alike(task):
    results = []
    for samples in (SECOND, np.round(SECOND * 32768).astype(np.int16)):
        session = Session(task, LANES, SoundStream(16_000), live=False)
        session.push(samples)
        results.append(collect(session, 12)[-1].lanes[0].probability)
        session.close()
    assert results[0] == pytest.approx(results[1], abs=1e-2)


def test_pause_step_resume_reset(session):
    session.send(Pause())
    wait_for(lambda: session.paused)
    assert not session.push(SECOND)
    session.send(StepOnce())
    session.send(StepOnce())
    wait_for(lambda: not session.paused)
    assert session.push(SECOND)
    assert [r.token for r in collect(session, 2)] == [0, 1]
    time.sleep(0.05)
    assert session.paused
    assert session.drain() == []
    session.send(Resume())
    assert [r.token for r in collect(session, 10)] == list(range(2, 12))
    session.send(Reset())
    session.push(SECOND)
    assert collect(session, 1)[0].token == 0


def test_landmarks_change_without_a_gap(session):
    session.push(SECOND)
    records = collect(session, 12)
    session.send(SetLandmarks(8))
    session.push(SECOND)
    records = tokens_of(records + collect(session, 12))
    assert [r.token for r in records] == list(range(len(records)))
    assert records[12].lanes[1].ops > records[11].lanes[1].ops
    assert records[12].lanes[1].valid_tokens == 13


def test_a_wrong_command_is_reported_and_the_session_goes_on(session):
    session.send(SetLandmarks(7))
    session.send(RequestMap("other"))
    session.push(SECOND)
    records = collect(session, 12)
    faults = [r for r in records if isinstance(r, FaultRecord)]
    assert ["num_landmarks=7" in faults[0].message, "other" in faults[1].message] == [True, True]
    assert all(fault.remedy and not fault.fatal for fault in faults)
    session.send(RequestMap("full"))
    wait_for(lambda: any(isinstance(r, MapRecord) for r in session.drain()))


def test_sound_that_is_no_number_is_reported_and_left_out(session):
    session.push(np.full(1600, np.nan, np.float32))
    session.push(SECOND)
    records = collect(session, 12)
    assert isinstance(records[0], FaultRecord)


def test_a_slow_live_session_jumps_to_now(task, monkeypatch):
    session = Session(task, LANES, SoundStream(16_000))
    comparison = session._pipeline.comparison
    step = comparison.step
    monkeypatch.setattr(comparison, "step", lambda t: (time.sleep(0.02), step(t))[1])
    for _ in range(12):
        assert session.push(SECOND)
    records = []
    wait_for(lambda: records.extend(tokens_of(session.drain())) or any(r.gap_s for r in records))
    session.close()
    assert [r.token for r in records] == list(range(len(records)))
    gap = next(r for r in records if r.gap_s)
    assert gap.gap_s >= 1
    assert gap.time_s == pytest.approx(0.08 * (gap.token + 1) + gap.gap_s)


def test_a_clip_waits_while_paused_or_full(session):
    assert session.push(SECOND)
    collect(session, 12)
    session.send(Pause())
    wait_for(lambda: session.paused)
    assert not session.push(SECOND)
    session.send(Resume())
    wait_for(lambda: not session.paused)
    taken = 0
    while session.push(SECOND) and taken < 1000:
        taken += 1
    assert taken < 1000


def test_same_input_and_commands_give_the_same_records(task):
    def play():
        session = Session(task, LANES, SoundStream(16_000), live=False)
        session.push(SECOND)
        records = collect(session, 12)
        session.send(SetLandmarks(2))
        session.push(SECOND)
        records += collect(session, 13)
        session.close()
        return [[lane.probabilities.tolist() for lane in r.lanes] for r in tokens_of(records)]

    assert play() == play()


def test_a_failing_worker_says_so_and_ends(task, monkeypatch):
    session = Session(task, LANES, SoundStream(16_000))
    monkeypatch.setattr(session._pipeline.comparison, "step", lambda _: 1 / 0)
    session.push(SECOND)
    records = []
    wait_for(lambda: records.extend(session.drain()) or records)
    assert records[0].fatal
    wait_for(lambda: session.closed)
    assert not session.push(SECOND)
    session.close()


def test_close_is_idempotent_and_leaves_no_thread(task):
    for _ in range(100):
        session = Session(task, LANES, SoundStream(16_000))
        session.push(SECOND)
        session.close()
        session.close()
    assert our_threads() == []
    assert not session.push(SECOND)


def test_commands_are_bounded(task):
    session = Session(task, LANES, SoundStream(16_000))
    with session._condition:
        for _ in range(256):
            session.send(Pause())
        with pytest.raises(ClaError, match="Too many"):
            session.send(Pause())
    session.close()


def test_a_clip_plays_to_its_end(task):
    clip = sample_clips()[0]
    audio = open_audio(clip.path)
    session = Session(task, LANES, SoundStream(audio.sample_rate_hz), live=False)
    feeder = Feeder(session, audio, speed=50)
    assert session.wait_finished(60)
    records = tokens_of(session.drain())
    assert len(records) == int(audio.duration_s / 0.08)
    wait_for(lambda: feeder.finished)
    feeder.close()
    session.close()
    assert our_threads() == []


class Interrupted(SoundSource):
    """A device that lost 2 s of sound in the middle."""

    def __init__(self):
        super().__init__()
        self.starts_s = iter((0.0, 2.4))

    def close(self):
        pass

    def __next__(self):
        return AudioChunk(np.zeros(6_400, np.float32), 16_000, next(self.starts_s))


def test_sound_that_a_device_has_lost_is_a_gap(task):
    session = Session(task, LANES, SoundStream(16_000), live=False)
    feeder = Feeder(session, Interrupted())
    assert session.wait_finished(30)
    records = tokens_of(session.drain())
    feeder.close()
    session.close()
    assert [record.time_s for record in records] == pytest.approx(
        [0.08, 0.16, 0.24, 0.32, 0.4, 2.48, 2.56, 2.64, 2.72, 2.8]
    )
    assert [record.gap_s for record in records if record.gap_s] == pytest.approx([2.0])


def test_closing_the_session_ends_its_feeder(task):
    audio = open_audio(sample_clips()[0].path)
    session = Session(task, LANES, SoundStream(audio.sample_rate_hz), live=False)
    feeder = Feeder(session, audio, speed=1)
    session.close()
    wait_for(lambda: feeder.finished)
    feeder.close()
    assert our_threads() == []

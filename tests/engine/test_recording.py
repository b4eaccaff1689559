"""Recorded sessions: whatever happened, a replay gives the same records, bit for bit."""

import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from cla.capture.flac import FlacWriter, rounded
from cla.engine import (
    Correct,
    FaultRecord,
    FitLandmarks,
    LanesRecord,
    Pause,
    Recorder,
    Recording,
    RecordingLimits,
    RecordingRecord,
    ReplayCheck,
    ReplayConfig,
    RequestMap,
    Reset,
    Resume,
    Session,
    SetEmit,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SoundStream,
    StepOnce,
    replay,
)
from cla.engine.recording.log import CommandDone
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import Correction

LANES = (LaneSpec("full"), LaneSpec("continual_nystrom", 4))
RATE_HZ = 16_000
SOUND = (np.random.default_rng(3).normal(size=5 * RATE_HZ) * 0.1).astype(np.float32)


def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("cla-")]


def wait_for(condition, timeout=60.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.005)


def play(session, samples, count):
    """Push sound, and wait until so many tokens have come of it."""
    for packet in np.array_split(samples, 25):
        assert session.push(packet, timeout_s=60)
    found = []
    wait_for(lambda: found.extend(session.drain()) or len(tokens(found)) >= count)
    return found


def tokens(records):
    return [record for record in records if isinstance(record, TokenRecord)]


def notices(records):
    return [record for record in records if isinstance(record, RecordingRecord)]


def check(folder, task, config=None):
    """Replays a folder, and holds what comes against what was recorded."""
    recording = Recording(folder)
    checked = ReplayCheck(recording)
    records = tokens(replay(recording, task, config))
    for record in records:
        checked.add(record)
    checked.finish()
    return checked, records


def record(task, folder, samples=SOUND[:RATE_HZ], **options):
    """A short recording of sound."""
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False)
    with closing(session):
        session.start_recording(Recorder(folder, source="noise", **options))
        found = play(session, samples, len(samples) // 1280)
        session.finish()
        assert session.wait_finished(60)
        return found + session.drain()


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_a_session_with_every_command_is_replayed_bit_for_bit(task, tmp_path, dtype):
    sound = SOUND if dtype is np.float32 else (SOUND * 32767).astype(np.int16)
    stream = SoundStream(RATE_HZ)
    session = Session(task, LANES, stream, live=False)
    with closing(session):
        play(session, sound[:RATE_HZ], 12)  # before the recording, and no part of it
        session.send(SetEmit(True))
        session.send(SetSensitivity(0.2))
        session.start_recording(Recorder(tmp_path / "one", source="noise"))
        heard = play(session, sound[:RATE_HZ], 12)
        commands = (
            FitLandmarks(True), SetLandmarks(8),
            SetLanes(tuple(replace(lane, window=12) for lane in LANES)), SetLandmarks(7),
            RequestMap("full"), SetEmit(False), Correct(1, 3, 2), SetSensitivity(0.05),
            SetLanes((*LANES, LaneSpec("nystrom", 4), LaneSpec("continual"))),
            FitLandmarks(True), FitLandmarks(False), FitLandmarks(True), Reset(),
            SetLanes((LaneSpec("continual"), LaneSpec("nystrom", 4))), Pause(), StepOnce(),
        )  # fmt: skip
        for index, command in enumerate(commands):
            wait_for(lambda: not len(stream))  # a reset leaves out what waits
            session.send(command)
            if index < len(commands) - 2:
                heard += play(session, sound[index * 4_000 :][: 6 * 1_280], 6)
        session.send(Resume())
        session.finish()
        assert session.wait_finished(60)
        heard += session.drain()
    assert our_threads() == []
    fitted = [one.heard for one in heard if isinstance(one, LanesRecord) and one.heard]
    assert len(fitted) == 2  # of three: at first too little was heard
    (correction,) = (one for one in heard if isinstance(one, Correction))
    assert (correction.label, correction.token, correction.tokens) == (1, 3, 2)
    assert len(correction.features) == correction.newest + 1 > 3
    checked, records = check(tmp_path / "one", task)
    assert (checked.difference, checked.beyond) == (None, 0)
    # What was pushed just then may still have gone into the stream before.
    begun = next(i for i, record in enumerate(heard) if isinstance(record, RecordingRecord))
    assert checked.compared == len(tokens(heard[begun:])) == len(records)
    recording = Recording(tmp_path / "one")
    assert not recording.cut_off
    assert recording.duration_s == pytest.approx(7.72, abs=0.1)
    assert recording.manifest.source == "noise"
    done = [h.command for h in recording.happenings() if isinstance(h, CommandDone)]
    assert done == [SetSensitivity(0.2), *commands, Resume()]
    assert recording.samples(9).dtype == dtype


def test_a_replay_with_other_lanes_follows_resets_alone(task, tmp_path):
    record(task, tmp_path / "one")
    lanes = (LaneSpec("nystrom", 8), LaneSpec("continual"))
    _, records = check(tmp_path / "one", task, ReplayConfig(lanes=lanes, emit=True))
    assert [lane.lane for lane in records[0].lanes] == ["nystrom", "continual"]
    assert records[-1].lanes[0].attention.shape == (1, 2, 24)


def test_a_changed_record_is_found_and_named(task, tmp_path):
    record(task, tmp_path / "one")
    recording = Recording(tmp_path / "one")
    changed = rounded(recording.samples(9))
    changed[8_000:8_100] = 0
    writer = FlacWriter(RATE_HZ)
    (tmp_path / "one" / "sound.flac").write_bytes(writer.encode([changed]) + writer.end())
    checked, _ = check(recording.folder, task)
    assert not checked.equal
    assert checked.difference.step == 6
    assert "token 6 (0.56 s), lane full" in str(checked.difference)


def test_sound_that_is_no_number_is_met_again(task, tmp_path):
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False)
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one"))
        session.push(np.full(1_600, np.nan, np.float32))
        play(session, SOUND[:RATE_HZ], 12)
    recording = Recording(tmp_path / "one")
    assert [type(r) for r in replay(recording, task)].count(FaultRecord) == 1
    assert check(tmp_path / "one", task)[0].equal


def test_what_a_slow_live_session_left_out_is_left_out_again(task, tmp_path, monkeypatch):
    session = Session(task, LANES, SoundStream(RATE_HZ))
    comparison = session._pipeline.comparison
    step = comparison.step
    monkeypatch.setattr(comparison, "step", lambda t: (time.sleep(0.02), step(t))[1])
    heard = []
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one"))
        for _ in range(3):
            for _ in range(4):
                session.push(SOUND[:RATE_HZ])
            wait_for(lambda: heard.extend(session.drain()) or not session._inbox.has_packets)
    heard += session.drain()
    assert any(r.gap_s > 0.5 for r in tokens(heard))
    checked, records = check(tmp_path / "one", task)
    assert (checked.difference, checked.compared) == (None, len(tokens(heard)))
    assert [r.gap_s for r in records][: len(tokens(heard))] == [r.gap_s for r in tokens(heard)]


def test_a_recording_ends_at_its_limit_with_a_sentence_and_the_session_goes_on(task, tmp_path):
    limits = RecordingLimits(max_s=0.5)
    heard = record(task, tmp_path / "one", SOUND[: 2 * RATE_HZ], limits=limits)
    ended = notices(heard)[-1]
    assert (ended.name, ended.running) == ("one", False)
    assert "limit" in ended.reason.message
    assert len(tokens(heard)) == 25
    recording = Recording(tmp_path / "one")
    assert 0.4 < recording.duration_s <= 0.5
    assert ended.duration_s == pytest.approx(recording.duration_s)
    assert check(tmp_path / "one", task)[0].equal


def test_bytes_are_limited_too(task, tmp_path):
    limits = RecordingLimits(max_bytes=20_000)
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False)
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one", limits=limits))
        found = []
        for _ in range(8):
            found += play(session, SOUND[:8_000], 6)
            time.sleep(0.1)
        wait_for(lambda: found.extend(session.drain()) or len(notices(found)) == 2)
    assert "limit of 0 MB" in notices(found)[-1].reason.message
    assert check(tmp_path / "one", task)[0].compared >= 6


def test_a_recording_leaves_room_on_the_disk(task, tmp_path):
    limits = RecordingLimits(min_free_bytes=2**62)
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False)
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one", limits=limits))
        found = play(session, SOUND[:RATE_HZ], 12)
        wait_for(lambda: found.extend(session.drain()) or len(notices(found)) == 2)
        found += play(session, SOUND[:RATE_HZ], 12)  # the stream goes on
    assert "nearly full" in notices(found)[-1].reason.message
    assert check(tmp_path / "one", task)[0].equal


def test_start_and_stop_while_it_runs(task, tmp_path):
    session = Session(task, LANES, SoundStream(RATE_HZ), live=False)
    with closing(session):
        for name in ("a", "b"):
            session.start_recording(Recorder(tmp_path / name))
            found = play(session, SOUND[:RATE_HZ], 12)
            assert tokens(found)[0].token == 0
            session.stop_recording()
            found += play(session, SOUND[:8_000], 6)
            wait_for(lambda found=found: found.extend(session.drain()) or len(notices(found)) == 2)
            assert [n.running for n in notices(found)] == [True, False]
            assert notices(found)[1].duration_s == pytest.approx(1.0, abs=0.1)
    assert our_threads() == []
    for name in ("a", "b"):
        checked, _ = check(tmp_path / name, task)
        assert checked.equal
        # What was pushed just then may still have gone in.
        assert checked.compared in (12, 13)


def test_a_folder_that_cannot_be_written_is_explained(task, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ClaError, match="cannot be written"):
        Recorder(tmp_path / "file" / "below")
    with pytest.raises(ClaError, match="not empty"):
        Recorder(tmp_path)
    session = Session(task, LANES, SoundStream(RATE_HZ))
    session.close()
    with pytest.raises(ClaError, match="has ended"):
        session.start_recording(Recorder(tmp_path / "new"))
    assert not (tmp_path / "new").exists()

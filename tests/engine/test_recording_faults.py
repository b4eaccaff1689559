"""Killed processes, full disks, folders cut off anywhere and folders from strangers."""

import errno
import io
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task, tiny_video_task

from cla.engine import (
    Recorder,
    Recording,
    RecordingLimits,
    RecordingRecord,
    ReplayCheck,
    Session,
    SetLandmarks,
    SoundStream,
    pack,
    replay,
    unpack,
)
from cla.engine.recording.files import RecordingFiles
from cla.engine.recording.rows import SCHEMA
from cla.errors import ClaError
from cla.features import HAND_HOP_S
from cla.models import LaneSpec
from cla.telemetry import TokenRecord

SCRIPT = Path(__file__).parent / "record_until_killed.py"
CASES = int(os.environ.get("CLA_FUZZ_CASES", "150"))
"""Damaged folders that are tried; with 10000 it takes some minutes."""
LANES = (LaneSpec("full"), LaneSpec("continual_nystrom", 4))
FILES = ("session.json", "log.jsonl", "sound.flac", "records.arrows")
ALL = (*FILES, "task.safetensors")


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def check(folder, task=None):
    recording = Recording(folder)
    checked = ReplayCheck(recording)
    for record in replay(recording, task or tiny_sound_task()):
        if isinstance(record, TokenRecord):
            checked.add(record)
    checked.finish()
    return checked


def killed_after(process, token):
    """Kill a recording process once it has said that token; the newest that it had said."""
    newest = -1
    while newest < token:
        newest = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return int(([str(newest), *rest.split()])[-1])


def test_a_killed_process_loses_at_most_a_second(tmp_path):
    process = start("sound", tmp_path / "one", 60)
    newest = killed_after(process, 40)
    recording = Recording(tmp_path / "one")
    assert recording.cut_off
    lost_s = (newest + 1) * 0.08 - recording.duration_s
    assert lost_s <= 1.0
    checked = check(tmp_path / "one")
    assert checked.equal
    assert (newest + 1 - checked.compared) * 0.08 <= 1.0


def test_a_killed_process_loses_at_most_a_second_of_pictures(tmp_path):
    process = start("pictures", tmp_path / "one", 60)
    newest = killed_after(process, 30)
    assert Recording(tmp_path / "one").cut_off
    checked = check(tmp_path / "one", tiny_video_task())
    assert checked.equal
    assert (newest + 1 - checked.compared) * HAND_HOP_S <= 1.0
    assert checked.compared  # from the pictures in its file


def test_a_full_disk_ends_the_recording_with_a_sentence_and_the_stream_goes_on(tmp_path):
    process = start("sound", tmp_path / "one", 60, 36_000)
    while not (line := process.stdout.readline()).startswith("ended"):
        assert line, "the process has ended before its recording"
    assert "The disk is full" in line
    for _ in range(5):
        assert int(process.stdout.readline()) > 0
    process.kill()
    process.communicate()
    recording = Recording(tmp_path / "one")
    assert recording.cut_off
    assert recording.duration_s > 0.3
    assert check(tmp_path / "one").equal


@pytest.mark.parametrize("method", ["__init__", "append"])
def test_a_disk_that_is_full_from_the_start_keeps_and_claims_nothing(tmp_path, monkeypatch, method):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(RecordingFiles, "_write" if method == "__init__" else method, full)
    session = Session(tiny_sound_task(), LANES, SoundStream(16_000), live=False)
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one", source="a\x1b \udcff"))
        assert session.push(np.zeros(16_000, np.float32), timeout_s=60)
        session.finish()
        assert session.wait_finished(60)
        said = [r.reason for r in session.drain() if isinstance(r, RecordingRecord)]
    assert said[-1].message == "The disk is full: nothing was recorded."
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The files of a short recording."""
    folder = tmp_path_factory.mktemp("recorded") / "one"
    session = Session(tiny_sound_task(), LANES, SoundStream(16_000), live=False)
    with closing(session):
        session.start_recording(Recorder(folder))
        noise = np.random.default_rng(5).normal(size=24_000) * 0.1
        for packet in np.array_split(noise.astype(np.float32), 30):
            assert session.push(packet, timeout_s=60)
        session.send(SetLandmarks(8))
        session.finish()
        assert session.wait_finished(60)
    return {name: (folder / name).read_bytes() for name in ALL}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def written(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@settings(max_examples=60)
@given(shares=st.tuples(*[st.floats(0, 1)] * 3))
@example(shares=(0.0, 0.0, 0.0))
def test_wherever_its_files_are_cut_off_it_opens(recorded, scratch, shares):
    """As a machine may leave them that lost its power: each file up to another moment."""
    cut = {"session.json": recorded["session.json"]}
    for name, share in zip(FILES[1:], shares, strict=True):
        cut[name] = recorded[name][: round(share * len(recorded[name]))]
    recording = Recording(written(scratch / "cut", cut))
    records = list(replay(recording, tiny_sound_task()))
    assert all(isinstance(record, TokenRecord) for record in records)
    assert len(records) <= 18
    assert sum(1 for _ in recording.rows()) <= 36


def damages():
    """A file, and what is done to it: bytes put in place of others, or out of it."""
    piece = st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"-1", b"1e999", b"9" * 400, b"NaN", b"null", b"[" * 3_000, b'"', b"\n"]),
        st.integers(-(2**63), 2**63 - 1).map(lambda n: struct.pack("<q", n)),
        st.sampled_from([b'{"packet":67108864}\n', b'{"packet":0}\n', b'{"command":{}}\n']),
    )
    return st.tuples(st.sampled_from(ALL), st.floats(0, 1), st.integers(0, 40), piece)


@settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
@given(changed=st.lists(damages(), min_size=1, max_size=4))
def test_whatever_a_folder_holds_it_opens_or_says_why_not(recorded, scratch, changed):
    files = dict(recorded)
    for name, share, out, piece in changed:
        at = round(share * len(files[name]))
        files[name] = files[name][:at] + piece + files[name][at + out :]
    folder = written(scratch / "damaged", files)
    try:
        recording = Recording(folder, RecordingLimits(max_bytes=2**20, max_commands=50))
        assert recording.cut_off in (True, False)
        assert recording.duration_s >= 0
        checked = ReplayCheck(recording)
        for record in replay(recording, recording.task()):
            if isinstance(record, TokenRecord):
                checked.add(record)
                assert np.isfinite(record.lanes[0].probabilities).all()
        checked.finish()
    except ClaError:
        pass  # and nothing else


def test_what_is_no_file_is_not_opened(recorded, tmp_path):
    folder = written(tmp_path / "one", recorded)
    (folder / "log.jsonl").unlink()
    os.mkfifo(folder / "log.jsonl")
    with pytest.raises(ClaError, match="no recorded session"):
        Recording(folder)
    with pytest.raises(ClaError, match="no recorded session"):
        Recording(tmp_path / "nowhere")


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_compressed_records_are_refused(recorded, tmp_path, compression):
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    row = {"step": 0, "lane": "full", "probabilities": [0.0] * 1_000_000}
    with pa.ipc.new_stream(out, SCHEMA, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
    folder = written(tmp_path / "one", {**recorded, "records.arrows": out.getvalue()})
    with pytest.raises(ClaError, match=r"records\.arrows"):
        list(Recording(folder).rows())


def zipped(entries, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    out.seek(0)
    return out


def test_a_folder_goes_through_a_zip_file(recorded, tmp_path):
    folder = written(tmp_path / "one", recorded)
    with (tmp_path / "one.zip").open("w+b") as file:
        pack(folder, file)
        file.seek(0)
        recording = unpack(file, tmp_path / "two", RecordingLimits())
    assert {p.name: p.read_bytes() for p in recording.folder.iterdir()} == recorded


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ([("one/../../evil.sh", b"x")], "other files"),
        ([("/etc/passwd", b"x")], "other files"),
        ([("one/session.json", b"{}"), ("two/session.json", b"{}")], "twice"),
        ([("one/log.jsonl", b"")], "no session"),
        ([(f"{i}", b"") for i in range(1_000)], "1000 files"),
        ([("session.json", b"{}")], "no recorded session"),
        ([("session.json", b"[]"), ("log.jsonl", b"x")], "cannot be read"),
        ([("session.json", json.dumps({"format": 9}).encode()), ("log.jsonl", b"x")], "format"),
        ([("sound.flac", bytes(50 * 2**20))], "more than 1 MB"),
    ],
)
def test_a_bad_zip_file_is_refused_and_leaves_nothing(tmp_path, entries, word):
    folder = tmp_path / "inside" / "new"
    with pytest.raises(ClaError, match=word):
        unpack(zipped(entries), folder, RecordingLimits(max_bytes=2**20))
    assert not folder.exists()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["inside"]


def test_a_full_disk_is_not_taken_for_a_damaged_zip_file(recorded, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipExtFile, "read", full)
    with pytest.raises(ClaError, match="The disk is full"):
        unpack(zipped(recorded.items()), tmp_path / "new", RecordingLimits())
    assert os.listdir(tmp_path) == []


def test_a_link_in_a_zip_file_comes_out_as_no_link(recorded, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in recorded.items():
            entry = zipfile.ZipInfo(name)
            if name == "sound.flac":
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, b"/etc/passwd" if name == "sound.flac" else content)
    recording = unpack(out, tmp_path / "new", RecordingLimits())
    assert not any(path.is_symlink() for path in recording.folder.iterdir())
    assert list(replay(recording, tiny_sound_task())) == []


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(at=st.floats(0, 1), piece=st.binary(min_size=1, max_size=8))
def test_damaged_zip_files_are_refused_or_read(recorded, scratch, at, piece):
    content = bytearray(zipped([(f"one/{n}", c) for n, c in recorded.items()]).getvalue())
    start = round(at * (len(content) - len(piece)))
    content[start : start + len(piece)] = piece
    folder = scratch / "unzipped"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        unpack(io.BytesIO(content), folder, RecordingLimits(max_bytes=2**20))
    except ClaError:
        assert not folder.exists()


def test_a_recorder_that_never_began_leaves_nothing(tmp_path):
    recorder = Recorder(tmp_path / "new")
    recorder.close()
    assert not (tmp_path / "new").exists()

"""How commands end: signals, readers that leave, full disks, and names of every kind."""

import errno
import json
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from cla.capture import sample_clips
from cla.cli import main
from cla.cli.signals import Stopped, Stopping, stopping, unbroken
from cla.engine.recording.files import RecordingFiles
from cla.errors import ClaError

CLIP = sample_clips()[0].path
COMMAND = [sys.executable, "-m", "cla"]
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As most people have it; argparse itself says nothing of what it cannot write."""
FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")


def write_wave(path, seconds, said_s=None):
    """Noise; its header may say that there is more or less of it."""
    samples = np.random.default_rng(0).integers(-3_000, 3_000, 16_000, np.int16)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 32_000 * (said_s or seconds), b"WAVE", b"fmt ", 16,
        1, 1, 16_000, 32_000, 2, 16, b"data", 32_000 * (said_s or seconds),
    )  # fmt: skip
    path.write_bytes(head + samples.tobytes() * seconds)
    return path


def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path):
    path = write_wave(tmp_path / "long.wav", 1_200)
    recorded, out = tmp_path / "recorded", tmp_path / "rows.parquet"
    out.write_bytes(b"what was there before")
    command = [*COMMAND, "run", str(path), "--json", "--out", str(out), "--record", str(recorded)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        log = recorded / "log.jsonl"
        while process.poll() is None and not (log.exists() and log.stat().st_size > 1_000):
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        result, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.splitlines() == [b"cla: stopped; what was written so far is kept."]
    tokens = json.loads(result)["lanes"]["full"]["tokens"]
    assert pq.read_table(out).num_rows == 2 * tokens > 0
    assert log.read_bytes().endswith(b'{"ended":""}\n')
    assert sorted(p.name for p in tmp_path.iterdir()) == ["long.wav", "recorded", "rows.parquet"]


def test_a_signal_while_modules_are_loaded_ends_in_one_line(capfd, monkeypatch):
    monkeypatch.setattr(os, "_exit", lambda status: pytest.fail(f"exit {status}"))
    handler = Stopping()
    handler.loading = True
    with pytest.raises(pytest.fail.Exception, match="exit 130"):
        handler(signal.SIGINT, None)
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_a_signal_waits_for_what_must_not_be_torn_and_a_second_one_does_not():
    done = []

    def write(signals):
        with stopping(), unbroken():
            for number in signals:
                signal.raise_signal(number)
            done.append(signals)

    with pytest.raises(Stopped, match="SIGTERM") as caught:
        write([signal.SIGTERM])
    assert caught.value.status == 143
    assert len(done) == 1
    with pytest.raises(Stopped):
        write([signal.SIGTERM, signal.SIGTERM])  # SIGINT is ignored in a shell's background
    assert len(done) == 1


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("arguments", [["--help"], ["run", str(CLIP), "--seconds", "1"]])
def test_a_reader_that_leaves_is_no_fault(arguments):
    command = [*COMMAND, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed):
    script = f'"$@" --version {closed}'
    ended = subprocess.run(["sh", "-c", script, "sh", *COMMAND], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LANGUAGE": "de:en"}, "de"),
        ({"LANGUAGE": "", "LC_ALL": "de_AT.UTF-8", "LANG": "en_US.UTF-8"}, "de"),
        ({"LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "de"}, "de"),
        ({"LANGUAGE": "", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LANGUAGE": "fr"}, "en"),
    ],
)
def test_errors_are_said_in_the_users_language(capsys, monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["run", "none.wav"]) == 2
    error = ClaError("file_not_opened", file="none.wav", reason=os.strerror(errno.ENOENT))
    assert capsys.readouterr().err == (
        f"cla: {error.message.said(said)}\n     {error.remedy.said(said)}\n"
    )


@FULL
def test_standard_output_on_a_full_disk_is_said_in_a_sentence():
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, env=BUFFERED, check=False
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        b"cla: The output cannot be written: the disk is full.\n"
        b"     Make room, or name a file on another disk.\n"
    )


@FULL
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_rows_on_a_full_disk_are_said_in_a_sentence(tmp_path, capsys, ending):
    out = tmp_path / f"rows.{ending}"
    out.symlink_to("/dev/full")
    assert main(["run", str(CLIP), "--seconds", "1", "--out", str(out)]) == 2
    assert "the disk is full" in capsys.readouterr().err


def test_rows_that_do_not_fit_leave_those_that_were_there(tmp_path, capsys, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "rows.parquet"
    out.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["run", str(CLIP), "--seconds", "1", "--out", str(out)]) == 2
    assert "rows.parquet cannot be written: the disk is full" in capsys.readouterr().err
    assert out.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["rows.parquet"]


def test_a_recording_that_fails_is_said_though_seconds_end_the_run(tmp_path, capsys, monkeypatch):
    append = RecordingFiles.append

    def full(self, batch):
        if self.size_bytes > 8_000 and not self.empty:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, batch)

    monkeypatch.setattr(RecordingFiles, "append", full)
    folder = tmp_path / "recorded"
    assert main(["run", str(CLIP), "--seconds", "6", "--record", str(folder), "--json"]) == 2
    said = capsys.readouterr()
    assert (
        said.err.count("The disk is full: the recording has ended, and what is in it is kept") == 1
    )
    assert json.loads(said.out)["lanes"]["full"]["tokens"] == 75
    assert (folder / "log.jsonl").stat().st_size > 0


NAMES = [
    "take[/b] [live].flac",
    "a\x1b[31mred\a\nb :smile:.flac",
    "\u202egpj.flac",
    os.fsdecode(b"take\xff.flac"),
]


@pytest.mark.skipif(sys.platform != "linux", reason="such names are Linux's")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_kind_is_shown_stored_and_replayed(tmp_path, capsys, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CLIP.read_bytes())
    folder = tmp_path / "recorded"
    assert main(["run", str(path), "--seconds", "1", "--record", str(folder)]) == 0
    table = capsys.readouterr().out
    assert not set(table) & {"\x1b", "\a", "\u202e"}
    table.encode()
    assert main(["run", str(path), "--seconds", "1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["input"].rpartition("/")[2]
    shown.encode()
    assert shown.isprintable()
    assert "".join(shown.split()) in "".join(table.split())  # its lines are broken
    assert json.loads((folder / "session.json").read_text())["source"].endswith(shown)
    assert main(["replay", str(folder), "--compare", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["replay"]["equal"]
    assert main(["run", str(tmp_path / f"no {name}")]) == 2
    assert main(["run", "a.flac", str(path)]) == 2
    said = capsys.readouterr().err
    assert shown in said
    assert not set(said) & {"\x1b", "\a", "\u202e"}


def test_a_file_that_is_too_long_is_refused_before_work_begins(tmp_path, capsys):
    long = write_wave(tmp_path / "long.wav", 1, said_s=3 * 3_600)
    with long.open("r+b") as file:
        file.truncate(44 + 3 * 3_600 * 32_000)  # a sparse file
    assert main(["run", str(long)]) == 2
    said = capsys.readouterr()
    assert "longer than 120 minutes" in said.err
    assert said.out == ""


def test_a_file_without_a_length_is_taken_up_to_a_limit_that_is_said(tmp_path, capsys):
    more = write_wave(tmp_path / "more.wav", 40, said_s=1)
    assert main(["run", str(more), "--seconds", "1"]) == 0
    assert "at most 2 hours of it are taken" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no exec")
def test_the_app_takes_the_place_of_the_command_so_that_signals_reach_it(monkeypatch):
    started = []

    def become(program, command):
        started.append((program, command))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", become)
    assert main(["app", "--server.port", "8600"]) == 0
    ((program, command),) = started
    assert program == command[0] == sys.executable
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert command[-2:] == ["--server.port", "8600"]

"""The examples run as they stand."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import torch
from serving_process import cla_serve

from cla.capture import sample_clips

EXAMPLES = Path(__file__).parents[1] / "examples"
MOST_LINES = 40


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.*")), ids=lambda path: path.stem)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_own_features(capsys):
    runpy.run_path(str(EXAMPLES / "own_features.py"))
    assert capsys.readouterr().out == "(1, 64) (1, 500, 64) 1062\n"


def test_digits_of_a_file():
    clip = sample_clips()[0]
    spoken_digits = runpy.run_path(str(EXAMPLES / "digits_of_a_file.py"))["spoken_digits"]
    labels = [label for _, label in spoken_digits(str(clip.path))]
    assert labels == [word.label for word in clip.words]


def test_stream_a_transformer(capsys):
    torch.manual_seed(0)
    runpy.run_path(str(EXAMPLES / "stream_a_transformer.py"))
    assert float(capsys.readouterr().out.split()[-1]) < 1e-5


def test_server_client():
    command = [sys.executable, EXAMPLES / "server_client.py"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=200).stdout
    events = [line.split() for line in said.splitlines()]
    spoken = [word.label for word in sample_clips()[0].words]
    assert [label for lane, label in events if lane == "full"] == spoken
    assert len({lane for lane, _ in events}) == 2


def test_pipe_sound():
    """What ffmpeg would write, at the pace of a pipe that waits for nobody."""
    samples, rate = soundfile.read(sample_clips()[0].path, dtype="int16")
    assert rate == 16_000
    with cla_serve() as (_, url):
        command = [sys.executable, EXAMPLES / "pipe_sound.py", url]
        done = subprocess.run(
            command, input=samples.tobytes(), check=True, capture_output=True, timeout=200
        )
    events = [line.split() for line in done.stdout.decode().splitlines()]
    spoken = [word.label for word in sample_clips()[0].words]
    assert [label for _, lane, label in events if lane == "full"] == spoken


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg on this machine")
def test_pipe_sound_of_ffmpeg():
    decode = ["ffmpeg", "-loglevel", "error", "-i", str(sample_clips()[0].path), "-f", "s16le"]
    with (
        cla_serve() as (_, url),
        subprocess.Popen(
            [*decode, "-ac", "1", "-ar", "16000", "-"], stdout=subprocess.PIPE
        ) as sound,
    ):
        command = [sys.executable, EXAMPLES / "pipe_sound.py", url]
        done = subprocess.run(command, stdin=sound.stdout, check=True, capture_output=True)
    assert len(done.stdout.splitlines()) >= len(sample_clips()[0].words)

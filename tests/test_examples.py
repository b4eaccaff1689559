"""The examples run as they stand."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cla.capture import sample_clips

EXAMPLES = Path(__file__).parents[1] / "examples"
MOST_LINES = 40


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
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

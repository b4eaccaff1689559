"""`cla teach`: from folders of clips to a file that `cla run` takes."""

import json
import shutil
import sys

import pytest

from cla.capture import sample_clips
from cla.cli import main

CLIPS = {clip.name: clip.path for clip in sample_clips("hands")}


def test_classes_are_taught_from_videos_and_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("cla.teaching.fit.ENCODER_STEPS", 4)
    monkeypatch.setattr(sys.modules["cla.teaching.teach"], "LANDMARK_TOKENS", 600)
    folder = tmp_path / "counting"
    folder.mkdir()
    shutil.copy(CLIPS["hand-count"], folder)
    out = tmp_path / "mine.safetensors"
    classes = [f"--class=counting={folder}", f"--class=palms={CLIPS['hand-photographs']}"]
    assert main(["teach", "--features", "hands", *classes, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Held out" in said
    tables = said[: said.index("Fitted")]
    assert "Exact continual" in tables
    assert "continual_nystrom" not in tables
    assert max(map(len, tables.splitlines())) <= 80
    assert main(["run", str(CLIPS["hand-photographs"]), "--task", str(out), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["task"] == "my classes"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--class=a"], "names no class"),
        (["--class=a=x.wav"], "1 classes"),
        (["--class=a=x.wav", "--class=b=y.wav"], "x.wav cannot be opened"),
    ],
)
def test_what_cannot_be_taught_is_explained(arguments, reason, tmp_path, capsys):
    out = ["--out", str(tmp_path / "mine.safetensors")]
    assert main(["teach", "--features", "spectrum", *arguments, *out]) == 2
    assert reason in capsys.readouterr().err

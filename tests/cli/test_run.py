"""`cla run` on good and bad input."""

import csv
import json
import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from cla import resources
from cla.capture import sample_clips
from cla.cli import main

CLIP = sample_clips()[0]


def write_wave(path, samples, rate=16_000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return path


def run_json(capsys, *arguments):
    assert main(["run", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_clip_gives_one_object(capsys, tmp_path):
    out = tmp_path / "rows.csv"
    result = run_json(capsys, CLIP.path, "--out", out)
    full, low = result["lanes"]["full"], result["lanes"]["continual_nystrom"]
    assert full["tokens"] == low["tokens"] == int(result["duration_s"] / 0.08)
    assert full["agreement_with_full"] == 1
    assert low["agreement_with_full"] > 0.8
    assert low["ops_per_token"] < full["ops_per_token"] / 5
    assert full["compute_ms"]["median"] > 0
    found = [event["label"] for event in full["events"]]
    assert sum(word.label in found for word in CLIP.words) >= 9
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 2 * full["tokens"]
    assert rows[0]["lane"] == "full"


def test_a_table_for_people(capsys):
    assert main(["run", str(CLIP.path), "--landmark-mode", "continual", "--landmarks", "8"]) == 0
    text = capsys.readouterr().out
    assert "continual_nystrom" in text
    assert "zero" in text


def test_lanes_of_several_sizes_and_no_full(capsys):
    result = run_json(capsys, CLIP.path, "--lanes", "continual_nystrom:4,continual_nystrom:64")
    assert list(result["lanes"]) == ["continual_nystrom:4", "continual_nystrom:64"]
    assert result["lanes"]["continual_nystrom:4"]["agreement_with_full"] is None


def test_every_kind_runs_beside_the_others(capsys):
    result = run_json(capsys, CLIP.path, "--lanes", "full,continual,nystrom,continual_nystrom")
    assert list(result["lanes"]) == ["full", "continual", "nystrom", "continual_nystrom"]
    assert result["lanes"]["continual"]["agreement_with_full"] == 1
    assert all(len(lane["events"]) == 10 for lane in result["lanes"].values())


@pytest.mark.parametrize(
    ("samples", "tokens"),
    [([], 0), ([0.1], 0), (np.zeros(32_000), 25)],
    ids=["none", "one", "silent"],
)
def test_short_and_silent_files_are_no_error(capsys, tmp_path, samples, tokens):
    path = write_wave(tmp_path / "a.wav", samples)
    if not len(samples):
        assert main(["run", str(path)]) == 2
        return
    lane = run_json(capsys, path)["lanes"]["full"]
    assert lane["tokens"] == tokens
    assert lane["events"] == []
    assert (lane["compute_ms"]["median"] is None) == (tokens == 0)


def test_what_a_file_holds_amiss_is_told(capsys, tmp_path):
    path = write_wave(tmp_path / "a.wav", np.zeros(32_000))
    content = bytearray(path.read_bytes())
    content[40:44] = (32_000).to_bytes(4, "little")
    path.write_bytes(content)
    assert main(["run", str(path), "--json"]) == 0
    said = capsys.readouterr()
    (notice,) = json.loads(said.out)["notices"]
    assert notice.startswith("a.wav has a header that says less")
    assert f"cla: {notice}\n" in said.err


def write_video(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode()])
    return path


def test_bad_files_are_explained(capsys, tmp_path):
    empty, corrupt = tmp_path / "empty.wav", tmp_path / "corrupt.mp3"
    empty.touch()
    corrupt.write_bytes(b"\x00garbage" * 100)
    video = write_video(tmp_path / "video.mp4")
    for path, word in (
        (empty, "empty"),
        (corrupt, "sound"),
        (video, "no sound"),
        ("none.wav", "opened"),
    ):
        assert main(["run", str(path)]) == 2
        error = capsys.readouterr().err
        assert word in error
        assert "Traceback" not in error
        assert len(error.splitlines()) >= 2


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--task", "letters"], "letters"),
        (["--landmarks", "200", "--landmark-mode", "continual"], "num_landmarks=200"),
        (["--landmarks", "3"], "num_landmarks=3"),
        (["--landmarks", "0", "--landmark-mode", "continual"], "num_landmarks=0"),
        (["--window", "8"], "window=8"),
        (["--window", "0"], "window=0"),
        (["--window", "9999"], "window=9999"),
        (["--lanes", "linear"], "linear"),
        (["--lanes", "full,full"], "twice"),
        (["--lanes", "continual_nystrom:x"], "kind/mode:landmarks"),
        (["--lanes", "full:8"], "no landmarks"),
        (["--out", "rows.xlsx"], "xlsx"),
        (["--out", "missing/rows.csv"], "cannot be written"),
    ],
)
def test_wrong_options_are_explained(capsys, options, word):
    assert main(["run", str(CLIP.path), *options]) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "long"])
def test_a_time_that_is_none_is_explained(capsys, seconds):
    assert main(["run", str(CLIP.path), "--seconds", seconds]) == 2
    assert f"{seconds} is no number above 0" in capsys.readouterr().err


def test_an_unknown_recipe_is_explained(capsys):
    assert main(["train", "letters"]) == 2
    assert "letters" in capsys.readouterr().err


def test_a_recipe_is_found_in_a_checkout_alone(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    assert main(["train", "digits", "--help"]) == 0
    assert "Make the spoken-digits model" in capsys.readouterr().out
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "site-packages/cla/resources.py"))
    monkeypatch.chdir(tmp_path)
    assert main(["train", "digits", "--work-dir", str(tmp_path)]) == 2
    assert "not part of the installed package" in capsys.readouterr().err


def test_module_and_version():
    result = subprocess.run(
        [sys.executable, "-m", "cla", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("cla ")

"""`cla run` on video, cameras and microphones, with the devices replaced."""

import json
import time

import numpy as np
import pytest
from tiny_tasks import tiny_video_task
from videos import gradient, write_video

from cla.capture import Camera, Microphone, sample_clips
from cla.cli import main
from cla.cli import run as run_module
from cla.cli import sources as sources_module
from cla.errors import ClaError
from cla.models import load_task
from cla.types import AudioChunk, VideoFrame


class Device:
    """Stands in for a device: gives what it is told to, then breaks."""

    name = "fake"
    sample_rate_hz = 16_000

    def __init__(self, *_: object) -> None:
        self.notices = []

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


class FakeCamera(Device, Camera):
    def __iter__(self):
        for i in range(8):
            yield VideoFrame(gradient(), i / 10)
            time.sleep(0.1)
        raise ClaError("camera_silent", camera="camera")


class FakeMicrophone(Device, Microphone):
    def __iter__(self):
        for i in range(200):
            yield AudioChunk(np.zeros(320, np.float32), 16_000, i * 0.02)
            time.sleep(0.001)


@pytest.fixture(autouse=True)
def _replaced(monkeypatch):
    def load(name):
        return tiny_video_task() if name == "hands" else load_task(name)

    monkeypatch.setattr(run_module, "open_task", load)
    monkeypatch.setattr(sources_module, "Camera", FakeCamera)
    monkeypatch.setattr(sources_module, "Microphone", FakeMicrophone)


def run_json(capsys, *arguments, code=0):
    assert main(["run", *map(str, arguments), "--json"]) == code
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


def test_a_video_is_read_for_hands(capsys, tmp_path):
    path = write_video(tmp_path / "a.mp4", [gradient()] * 20)
    result, _ = run_json(capsys, path, "--task", "hands", "--out", tmp_path / "rows.csv")
    assert result["task"] == "hands"
    assert result["lanes"]["full"]["tokens"] == pytest.approx(1.9 * 15, abs=1.5)
    assert result["duration_s"] == pytest.approx(1.9)
    assert result["dropped_frames"] == 0
    assert "dropped_frames" in (tmp_path / "rows.csv").read_text().splitlines()[0]


def test_a_camera_unplugged_keeps_what_it_gave(capsys):
    result, error = run_json(capsys, "--camera", 0, code=2)
    assert result["input"] == "camera 0"
    assert result["lanes"]["full"]["tokens"] >= 8
    assert "stopped giving pictures" in error


def test_seconds_end_a_run(capsys):
    result, _ = run_json(capsys, "rtsp://host/stream", "--seconds", 0.4)
    assert result["task"] == "hands"
    assert 0 < result["lanes"]["full"]["tokens"] <= 7


def test_a_microphone_is_heard(capsys):
    result, _ = run_json(capsys, "--microphone")
    assert result["task"] == "digits"
    assert result["lanes"]["full"]["tokens"] >= 25


def test_an_audio_file_shows_no_hands(capsys):
    assert main(["run", str(sample_clips()[0].path), "--task", "hands"]) == 2
    assert "no moving pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--camera", "0", "--task", "digits"], "takes sound"),
        (["--microphone", "--task", "hands"], "takes video"),
    ],
)
def test_a_source_the_task_cannot_use_is_explained(capsys, arguments, word):
    assert main(["run", *arguments]) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["a.wav", "--camera", "0"]])
def test_exactly_one_source_is_named(capsys, arguments):
    assert main(["run", *arguments]) == 2
    assert "usage" in capsys.readouterr().err

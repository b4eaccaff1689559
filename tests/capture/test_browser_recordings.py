"""Recordings as a browser makes them: without a duration, at an uneven rate, of changing size."""

from itertools import groupby, pairwise
from pathlib import Path

import pytest

from cla.capture import open_audio, open_video

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"


@pytest.mark.parametrize(
    ("name", "told_s"), [("sound.webm", None), ("sound.mp4", 1.46), ("both.webm", 1.44)]
)
def test_sound_is_read_to_its_end(name, told_s) -> None:
    with open_audio(RECORDINGS / name) as file:
        assert file.duration_s == pytest.approx(told_s, abs=0.01)
        samples = sum(len(chunk.samples) for chunk in file)
        assert file.notices == []
    assert samples / file.sample_rate_hz == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(("name", "last_s"), [("resized.webm", 2.39), ("both.webm", 1.40)])
def test_pictures_keep_their_uneven_times(name, last_s) -> None:
    with open_video(RECORDINGS / name) as file:
        frames = list(file)
        assert file.notices == []
    assert frames[-1].time_s == pytest.approx(last_s, abs=0.01)
    steps_s = [later.time_s - earlier.time_s for earlier, later in pairwise(frames)]
    assert 0 < min(steps_s) < max(steps_s) < 0.1


def test_pictures_keep_their_changing_size() -> None:
    with open_video(RECORDINGS / "resized.webm") as file:
        shapes = [shape for shape, _ in groupby(frame.image.shape for frame in file)]
    assert shapes == [(96, 128, 3), (128, 96, 3), (64, 128, 3)]


def test_a_recording_that_was_cut_off_says_where() -> None:
    content = (RECORDINGS / "both.webm").read_bytes()
    with open_video(content[: len(content) // 4]) as file:
        frames = list(file)
        assert any("of 1.4 s: it was cut off" in notice for notice in file.notices)
    assert 0 < len(frames) < 20

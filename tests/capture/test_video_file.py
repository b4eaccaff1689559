import gc
from contextlib import suppress

import av
import numpy as np
import pytest
from videos import gradient, turn, write_video

from cla.capture import AudioLimits, VideoLimits, open_audio, open_video
from cla.errors import ClaError

CLOCKWISE = (0, 1, 0, -1, 0, 0, 0, 0, 1)
COUNTERCLOCKWISE = (0, -1, 0, 1, 0, 0, 0, 0, 1)
UPSIDE_DOWN = (-1, 0, 0, 0, -1, 0, 0, 0, 1)


def read(path, **limits):
    with open_video(path, limits=VideoLimits(**limits)) as video:
        return list(video)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi", "a.webm"])
def test_every_container_gives_its_pictures_in_time(tmp_path, name) -> None:
    path = write_video(tmp_path / name, [gradient()] * 12)
    with open_video(path.read_bytes()) as video:
        frames = list(video)
        assert video.duration_s == pytest.approx(1.2, abs=0.15)
    assert len(frames) == 12
    assert [frame.time_s for frame in frames] == pytest.approx(
        [i / 10 for i in range(12)], abs=1e-3
    )
    for frame in frames:
        assert frame.image.shape == (48, 64, 3)
        assert np.abs(frame.image.astype(int) - gradient()).mean() < 12


@pytest.mark.parametrize(
    ("matrix", "quarters"), [(CLOCKWISE, -1), (COUNTERCLOCKWISE, 1), (UPSIDE_DOWN, 2)]
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_the_rotation_flag_is_honored(tmp_path, name, matrix, quarters) -> None:
    path = turn(write_video(tmp_path / name, [gradient()] * 3), matrix)
    image = read(path)[0].image
    expected = np.rot90(gradient(), quarters)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 12


def test_an_uneven_rate_keeps_its_times(tmp_path) -> None:
    times_s = [0.0, 0.02, 0.5, 0.51, 1.8]
    frames = read(write_video(tmp_path / "a.mp4", [gradient()] * 5, times_s))
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=2e-3)


def test_times_are_counted_from_the_first_picture(tmp_path) -> None:
    frames = read(write_video(tmp_path / "a.mp4", [gradient()] * 3, [5.0, 5.5, 6.0]))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.5, 1.0], abs=2e-3)


def test_a_4k_video_is_made_smaller_and_a_larger_one_refused(tmp_path) -> None:
    path = write_video(tmp_path / "a.avi", [np.zeros((2_160, 3_840, 3), np.uint8)] * 2)
    assert read(path)[0].image.shape == (360, 640, 3)
    with pytest.raises(ClaError, match="3840 by 2160") as caught:
        read(path, max_pixels=1_920 * 1_080)
    assert "640 by 480" in caught.value.remedy


def test_pictures_of_one_pixel_are_refused(tmp_path) -> None:
    path = write_video(tmp_path / "a.avi", [np.zeros((1, 1, 3), np.uint8)] * 2)
    with pytest.raises(ClaError, match="1 by 1"):
        read(path)


def test_corrupt_pictures_are_left_out(tmp_path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (30, 48, 64, 3)).astype(np.uint8)
    content = bytearray(write_video(tmp_path / "a.avi", images).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4_000] = rng.bytes(4_000)
    with open_video(bytes(content)) as video:
        frames = list(video)
    times_s = [frame.time_s for frame in frames]
    assert 10 < len(frames) <= 30
    assert times_s == sorted(set(times_s))


def test_a_file_cut_off_gives_what_there_is(tmp_path) -> None:
    content = write_video(tmp_path / "a.webm", [gradient()] * 30).read_bytes()
    with open_video(content[: len(content) * 2 // 3]) as video:
        assert 5 < len(list(video)) < 30


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi", "a.webm"])
def test_no_cut_does_more_than_be_refused(tmp_path, name) -> None:
    content = write_video(tmp_path / name, [gradient()] * 10).read_bytes()
    for size in range(1, len(content), len(content) // 40):
        with suppress(ClaError):
            assert len(read(content[:size])) <= 10


def test_limits_are_kept(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", [gradient()] * 30)
    with pytest.raises(ClaError, match="more than 20 pictures"):
        read(path, max_frames=20)
    with pytest.raises(ClaError, match="longer than"):
        read(path, max_duration_s=1.0)
    with pytest.raises(ClaError, match="larger than"):
        read(path, max_bytes=1_000)


def test_a_false_duration_does_not_let_more_through(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", [gradient()] * 3, [0.0, 0.1, 900.0])
    with open_video(path) as video:
        video._limits = VideoLimits(max_duration_s=100)
        next(video)
        with pytest.raises(ClaError, match="longer than"):
            list(video)


def test_files_without_pictures_are_explained(write_sound, tone, tmp_path) -> None:
    with pytest.raises(ClaError, match="no moving pictures") as caught:
        open_video(write_sound("a.m4a", tone))
    assert "MP4" in caught.value.remedy
    for content in (b"", b"garbage" * 100, b"#EXTM3U\nhttp://localhost/x.mp4\n"):
        with pytest.raises(ClaError):
            read(content)
    with pytest.raises(ClaError, match="cannot be opened"):
        open_video(tmp_path / "none.mp4")


def test_a_video_without_sound_is_no_sound_file(tmp_path) -> None:
    with pytest.raises(ClaError, match="no sound"):
        open_audio(write_video(tmp_path / "a.mp4", [gradient()]), limits=AudioLimits())


def test_closing_is_idempotent_and_ends_the_iteration(tmp_path) -> None:
    video = open_video(write_video(tmp_path / "a.mp4", [gradient()] * 5))
    next(video)
    video.close()
    video.close()
    assert list(video) == []


def test_pictures_of_any_width_lie_in_one_piece(tmp_path) -> None:
    for width in (50, 300, 322):
        (picture,) = read(write_video(tmp_path / "a.avi", [gradient(width, 40)]))
        assert picture.image.shape == (40, width, 3)
        assert picture.image.flags.c_contiguous


def test_no_picture_that_was_read_stays_in_memory(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", [gradient()] * 10)
    gc.collect()
    gc.disable()
    try:
        read(path)
        kept = [one for one in gc.get_objects() if type(one) is av.VideoFrame]
    finally:
        gc.enable()
    assert len(kept) <= 1

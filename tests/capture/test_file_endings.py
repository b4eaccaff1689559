"""One list of endings: what it offers is read, and nobody keeps a list of their own."""

import io

import numpy as np
import pytest
from PIL import Image
from sounds import CODECS, written
from videos import CODECS as VIDEO_CODECS
from videos import gradient, write_video

from cla.capture import endings, open_audio, open_video, suffixes
from cla.datasets.clips import SOUND_SUFFIXES, VIDEO_SUFFIXES

TONE = (0.3 * np.sin(np.arange(24_000) / 10)).astype(np.float32)[np.newaxis]
WRITTEN = {
    **CODECS,
    "aac": "aac", "ac3": "ac3", "aif": "pcm_s16be", "au": "pcm_s16be", "caf": "pcm_s16le",
    "flv": "aac", "m4b": "aac", "mka": "libopus", "mkv": "aac", "mov": "aac", "mp2": "mp2",
    "mp4": "aac", "ogg": "libopus", "ts": "aac", "w64": "pcm_s16le", "webm": "libopus",
    "wv": "wavpack",
}  # fmt: skip


@pytest.mark.parametrize("ending", WRITTEN)
def test_sound_of_the_ending_is_offered_and_read(tmp_path, ending) -> None:
    assert ending in endings("sound")
    path = written(tmp_path / f"a.{ending}", TONE, 48_000, WRITTEN[ending])
    with open_audio(path) as file:
        assert sum(len(chunk.samples) for chunk in file) > 20_000


@pytest.mark.parametrize("ending", [suffix[1:] for suffix in VIDEO_CODECS])
def test_pictures_of_the_ending_are_offered_and_read(tmp_path, ending) -> None:
    assert ending in endings("video")
    with open_video(write_video(tmp_path / f"a.{ending}", [gradient()] * 3)) as file:
        assert len(list(file)) == 3


@pytest.mark.parametrize(("ending", "form"), [("gif", "GIF"), ("apng", "PNG")])
def test_animated_pictures_are_offered_and_read_in_time(ending, form) -> None:
    assert ending in endings("video")
    pictures = [Image.fromarray(np.roll(gradient(), 8 * index, 1)) for index in range(5)]
    content = io.BytesIO()
    pictures[0].save(content, form, save_all=True, append_images=pictures[1:], duration=200)
    with open_video(content.getvalue()) as file:
        frames = list(file)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.abs(frame.image.astype(int) - np.asarray(picture)).mean() < 12


def test_whoever_looks_for_files_looks_for_the_same() -> None:
    assert (suffixes("sound"), suffixes("video")) == (SOUND_SUFFIXES, VIDEO_SUFFIXES)
    assert not SOUND_SUFFIXES & VIDEO_SUFFIXES
    assert not {"gif", "apng"} & set(endings("sound"))
    for kind in ("sound", "video"):
        assert len(set(endings(kind))) == len(endings(kind))
        assert {f".{ending}" for ending in endings(kind)} >= suffixes(kind)

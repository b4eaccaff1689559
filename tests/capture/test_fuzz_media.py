"""Files that were tampered with: chunks or a sentence; no other error, and within the limits."""

from functools import cache

import numpy as np
import pytest
from fuzzing import explained, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from sounds import written
from videos import gradient, write_video

from cla.capture import AudioLimits, VideoLimits, open_audio, open_video, sample_clips
from cla.capture.child import MAX_NOTICE, MOST_NOTICES

LIMITS = AudioLimits(max_duration_s=60.0, max_bytes=2**20)
VIDEO_LIMITS = VideoLimits(max_duration_s=60.0, max_bytes=2**20, max_frames=500)
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=8
)


def tampered(content: bytes, changes, cut: float) -> bytes:
    """Bytes exchanged at some places, the first ones most often, and the end cut off."""
    changed = bytearray(content)
    for place, noise in changes:
        at = int(place**3 * (len(content) - len(noise)))
        changed[at : at + len(noise)] = noise
    return bytes(changed[: max(int(len(changed) * cut), 1)])


@cache
def sound() -> bytes:
    return sample_clips()[0].path.read_bytes()[:30_000]


def read_sound(content: bytes) -> None:
    with explained(), open_audio(content, limits=LIMITS) as file:
        samples = 0
        for chunk in file:
            assert chunk.samples.dtype == np.float32
            assert np.isfinite(chunk.samples).all()
            assert chunk.start_s == pytest.approx(samples / file.sample_rate_hz)
            samples += len(chunk.samples)
            assert samples <= LIMITS.max_duration_s * file.sample_rate_hz
        told(file)


def read_pictures(content: bytes) -> None:
    with explained(), open_video(content, limits=VIDEO_LIMITS) as file:
        last_s = -1.0
        for index, frame in enumerate(file):
            assert max(frame.image.shape) <= 640
            assert frame.image.flags.c_contiguous
            assert index < VIDEO_LIMITS.max_frames
            assert frame.time_s > last_s
            last_s = frame.time_s
        told(file)


def told(file) -> None:
    """What is said of a file is little."""
    assert len(file.notices) <= MOST_NOTICES
    assert all(len(notice) <= MAX_NOTICE for notice in file.notices)


@fuzzed()
@given(CHANGES, st.floats(0.1, 1.0))
def test_sound_that_was_tampered_with(changes, cut):
    read_sound(tampered(sound(), changes, cut))


CONTAINERS = ("a.wav", "float.wav", "a.opus", "a.mka", "a.ts", "a.flv", "a.mp3", "a.m4a")


@pytest.fixture(scope="module")
def containers(tmp_path_factory):
    """Short sound in many containers; half of them twice, one behind the other."""
    folder = tmp_path_factory.mktemp("fuzz")
    tone = (0.3 * np.sin(np.arange(9_600) / 20)).astype(np.float32)
    codecs = {"float.wav": "pcm_f32le", "a.mka": "libopus", "a.ts": "aac", "a.flv": "aac"}
    contents = [
        written(folder / name, tone[np.newaxis], 48_000, codecs.get(name)).read_bytes()
        for name in CONTAINERS
    ]
    return [content * (1 + index % 2) for index, content in enumerate(contents)]


@fuzzed()
@given(index=st.integers(0, len(CONTAINERS) - 1), changes=CHANGES, cut=st.floats(0.3, 1.0))
def test_containers_that_were_tampered_with(containers, index, changes, cut):
    read_sound(tampered(containers[index], changes, cut))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("fuzz") / "a.mp4", [gradient()] * 5).read_bytes()


@fuzzed()
@given(changes=CHANGES, cut=st.floats(0.3, 1.0))
def test_pictures_that_were_tampered_with(video, changes, cut):
    read_pictures(tampered(video, changes, cut))

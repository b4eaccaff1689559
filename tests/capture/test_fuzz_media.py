"""Files that were tampered with: chunks or a sentence; no other error, and within the limits."""

from functools import cache

import numpy as np
import pytest
from fuzzing import explained, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from videos import gradient, write_video

from cla.capture import AudioLimits, VideoLimits, open_audio, open_video, sample_clips

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


@fuzzed()
@given(CHANGES, st.floats(0.1, 1.0))
def test_sound_that_was_tampered_with(changes, cut):
    with explained(), open_audio(tampered(sound(), changes, cut), limits=LIMITS) as file:
        for chunk in file:
            assert chunk.samples.dtype == np.float32
            assert chunk.start_s <= LIMITS.max_duration_s


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("fuzz") / "a.mp4", [gradient()] * 5).read_bytes()


@fuzzed()
@given(changes=CHANGES, cut=st.floats(0.3, 1.0))
def test_pictures_that_were_tampered_with(video, changes, cut):
    with explained(), open_video(tampered(video, changes, cut), limits=VIDEO_LIMITS) as file:
        for index, frame in enumerate(file):
            assert max(frame.image.shape) <= 640
            assert index < VIDEO_LIMITS.max_frames

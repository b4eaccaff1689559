"""Recordings of joints as a source of drawn pictures, from files that may be anything."""

import numpy as np
import pytest

from cla.capture import encode_jpeg, joints_in, open_file, sample_clips, with_joints
from cla.capture.joint_file import COLUMNS
from cla.errors import ClaError

(CLIP,) = sample_clips("gestures")
HEAD = ",".join([*COLUMNS, "phase"])


def table(*rows):
    return "\n".join([HEAD, *rows]).encode()


def row(time_ms, value=1.0):
    return ",".join([str(value)] * 18 + [str(time_ms), "Rest"])


def test_an_upload_and_a_file_give_the_same_drawn_frames_with_their_joints():
    found = []
    for source in (CLIP.path, CLIP.path.read_bytes()):
        with open_file("video", source) as file:
            frames = list(file)
            assert file.joints
            assert (
                file.duration_s == frames[-1].time_s == pytest.approx(CLIP.words[-1].end_s, abs=2)
            )
            found.append(frames)
            assert list(file) == []
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.joints, other.joints)
        assert one.image.shape == (240, 320, 3)
    still, moved = found[0][0], found[0][90]
    assert (still.image != moved.image).any()
    assert (still.image.max((0, 1)) > 200).all()


def test_joints_travel_in_a_picture_and_nothing_else_is_taken_for_them():
    joints = np.random.default_rng(0).normal(size=(6, 3))
    jpeg = encode_jpeg(np.zeros((64, 64, 3), np.uint8), 80)
    assert np.array_equal(joints_in(with_joints(jpeg, joints)), joints)
    assert joints_in(jpeg) is None
    assert joints_in(with_joints(jpeg, joints)[:100]) is None
    assert joints_in(with_joints(jpeg, np.full((6, 3), np.nan))) is None


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (table(), "gesture_file_unfit"),
        (table(row(0), row("x")), "gesture_file_unfit"),
        (table(row(0), row("nan")), "gesture_file_unfit"),
        (table(row(33), row(0)), "gesture_file_unfit"),
        (table(row(0), "1,2"), "gesture_file_unfit"),
        (table(row(0)).replace(b"timestamp", b"clock"), "gesture_file_unfit"),
        (table(row(0), row(9e6)), "file_too_long"),
        (table(row(0)).replace(b"1.0", b'"' + b"1" * 200_000), "gesture_file_unfit"),
    ],
)
def test_what_is_no_such_table_is_refused(content, key):
    with pytest.raises(ClaError) as refused:
        open_file("video", content)
    assert refused.value.key == key

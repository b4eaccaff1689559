"""The shipped model of gesture phases on a recording that was made up, live and replayed."""

from contextlib import closing

import numpy as np
import pytest
import torch

from cla.capture import Camera, open_file, sample_clips
from cla.engine import (
    Recorder,
    Recording,
    ReplayCheck,
    Session,
    read_source,
    replay,
    stream_of,
    video_stream,
)
from cla.errors import ClaError
from cla.evaluation.lanes import FULL, LANES, ablations, probabilities
from cla.features import body_features
from cla.models import LaneSpec, load_task
from cla.telemetry import TokenRecord

(CLIP,) = sample_clips("gestures")
M16 = [lane for lane in LANES if lane.num_landmarks == 16]


@pytest.fixture(scope="module")
def task():
    return load_task("gestures")


@pytest.fixture(scope="module")
def heard(task):
    """The clip's tokens, joints and labels."""
    with open_file("video", CLIP.path) as file:
        tokens = read_source(task, file).tokens
    with open_file("video", CLIP.path) as file:
        frames = list(file)
    labels = np.zeros(len(tokens), int)
    for word in CLIP.words:
        inside = [word.start_s <= token.time_s < word.end_s for token in tokens]
        labels[inside] = task.labels.index(word.label)
    return torch.stack([token.features for token in tokens]).numpy(), frames, labels


def test_tokens_are_those_of_whole_recordings(heard):
    tokens, frames, _ = heard
    joints = np.stack([frame.joints for frame in frames])
    whole = body_features(joints, np.array([frame.time_s for frame in frames]))
    assert np.array_equal(tokens, whole)


@pytest.mark.parametrize("lane", [FULL, *M16], ids=str)
def test_phases_of_a_recording_that_nobody_moved_are_mostly_named(task, heard, lane):
    """By chance it would be a third: rest is named most. Other recordings are in the card."""
    tokens, _, labels = heard
    (said,) = probabilities(task.lane(lane), [tokens])
    named = said.argmax(-1)
    for name in ("rest", "preparation", "retraction"):
        assert (named == labels)[labels == task.labels.index(name)].mean() > 0.5
    assert (named == labels).mean() > 0.5


def test_attention_counts(task, heard):
    tokens, _, labels = heard
    right = {}
    for name, lane in {"with": task.lane(FULL), **ablations(task.classifier)}.items():
        (said,) = probabilities(lane, [tokens])
        right[name] = (said.argmax(-1) == labels).mean()
    assert right["with"] > right["window 1"]
    without = task.card["figures"]["left out: ablation"]
    assert without["full"]["average_precision"] > without["attention zeroed"]["average_precision"]


def test_a_session_is_recorded_with_its_joints_and_replayed_bit_for_bit(task, heard, tmp_path):
    _, frames, _ = heard
    lanes = (LaneSpec("continual"), LaneSpec("continual_nystrom", 4))
    session = Session(task, lanes, video_stream(task, joints=True), live=False)
    with closing(session):
        session.start_recording(Recorder(tmp_path / "one", source="joints"))
        for frame in frames[:40]:
            assert session.push(frame, timeout_s=60)
        session.finish()
        assert session.wait_finished(60)
    recording = Recording(tmp_path / "one")
    check = ReplayCheck(recording)
    for record in replay(recording, task):
        if isinstance(record, TokenRecord):
            check.add(record)
    check.finish()
    assert (check.difference, check.compared) == (None, 40)


def test_pictures_without_joints_are_refused(task):
    with pytest.raises(ClaError, match="joints"):
        video_stream(task)
    camera = Camera.__new__(Camera)  # none is opened
    with pytest.raises(ClaError) as refused:
        stream_of(task, camera)
    assert refused.value.key == "pictures_without_joints"

"""Whatever a page sends: a sentence at most, and the session goes on."""

import json

import msgspec
import pytest
from fuzzing import explained, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task, tiny_video_task

from cla.capture import sample_clips
from cla.engine import (
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    StepOnce,
)
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.server.messages import (
    MAX_AMOUNT,
    MAX_TEXT,
    Listen,
    Lost,
    OpenDevice,
    Sample,
    SetFast,
    Stop,
    Upload,
    Watch,
    read_message,
)
from cla.server.stage import Stage

TYPES = [
    "sample", "microphone", "camera", "device", "upload", "lost", "fast", "stop", "landmarks",
    "landmark_mode", "lanes", "pause", "resume", "step", "reset", "map", "window", "emit", "record",
]  # fmt: skip
NAMES = ["clip", "sample_rate_hz", "kind", "index", "size_bytes", "name", "task", "samples", "fast"]
NAMES += ["num_landmarks", "mode", "lanes", "lane", "window", "landmark_mode"]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.sampled_from(["digits", "hands", "sound", "video", "full", "continual", "fixed", 16000, 16]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
)
MESSAGES = st.builds(
    lambda kind, values: json.dumps({**values, "type": kind}),
    st.sampled_from(TYPES) | st.text(max_size=5),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
)
AMOUNTS = st.integers(0, MAX_AMOUNT) | st.sampled_from([0, 1, 100, 16_000, MAX_AMOUNT])
COUNTS = st.integers(1, 1_000_000) | st.sampled_from([1, 2, 7, 16, 8_000, 48_000, 192_000])
TASKS = st.sampled_from(["digits", "hands"]) | st.text(max_size=8)
KINDS = st.sampled_from(["full", "continual", "nystrom", "continual_nystrom"]) | st.text(max_size=8)
MODES = st.sampled_from(["fixed", "continual"])
LANES = st.builds(
    LaneSpec, KINDS, st.none() | COUNTS, MODES, st.none() | COUNTS, st.none() | COUNTS
)
AS_AGREED = st.one_of(
    st.builds(Sample, st.sampled_from([clip.name for clip in sample_clips()]) | st.text()),
    st.builds(Listen, COUNTS, st.none() | TASKS),
    st.builds(Watch, st.none() | TASKS),
    st.builds(OpenDevice, st.sampled_from(["sound", "video"]), st.integers(0, 9_999)),
    st.builds(Upload, AMOUNTS, st.text(max_size=200), TASKS),
    st.builds(Lost, AMOUNTS),
    st.builds(Stop, st.none() | TASKS),
    st.builds(SetLandmarks, COUNTS),
    st.builds(SetLandmarkMode, MODES),
    st.builds(SetLanes, st.lists(LANES, max_size=6).map(tuple)),
    st.builds(RequestMap, KINDS, st.integers(0, 9_999)),
    st.builds(SetFast, st.booleans()),
    st.sampled_from([Pause(), Resume(), StepOnce(), Reset()]),
).map(lambda message: msgspec.json.encode(message).decode())
"""With every value of its type and within its bounds."""
TEXTS = st.one_of(
    AS_AGREED,
    AS_AGREED,
    MESSAGES,
    st.text(max_size=60),
    st.just("[" * 3000),
    VALUES.map(json.dumps),
)


def do(stage, text):
    stage.do(read_message(text))


@pytest.fixture(scope="module")
def stage():
    tasks = {"digits": tiny_sound_task(), "hands": tiny_video_task()}
    stage = Stage(tasks, lambda: None)
    yield stage
    stage.close()


@fuzzed()
@given(st.lists(st.one_of(TEXTS, TEXTS, st.binary(max_size=200)), min_size=1, max_size=6))
def test_any_message_is_done_or_explained(stage, messages):
    for message in messages:
        with explained():
            if isinstance(message, str):
                do(stage, message)
            else:
                stage.upload(message) if stage.uploading else stage.feed(message)
    json.dumps(stage.settings(), allow_nan=False)
    stage.drain()


def test_a_stage_that_was_fuzzed_still_plays(stage):
    do(stage, '{"type": "microphone", "sample_rate_hz": 16000}')
    stage.feed(bytes(2 * 1280 * 3))
    assert stage.settings()["source"] == "microphone"


def test_a_text_may_not_be_long(stage):
    with pytest.raises(ClaError):
        do(stage, json.dumps({"type": "sample", "clip": "x" * MAX_TEXT}))

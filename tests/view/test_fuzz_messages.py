"""Whatever a page sends: a sentence at most, and the session goes on."""

import json

import pytest
from fuzzing import explained, fuzzed
from hypothesis import given
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task, tiny_video_task

from cla.errors import ClaError
from cla.view.messages import MAX_TEXT, do_message, read_message
from cla.view.stage import Stage

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
TEXTS = st.one_of(
    MESSAGES, MESSAGES, st.text(max_size=60), st.just("[" * 3000), VALUES.map(json.dumps)
)


def do(stage, text):
    do_message(stage, read_message(text))


@pytest.fixture(scope="module")
def stage():
    tasks = {"digits": tiny_sound_task(), "hands": tiny_video_task()}
    stage = Stage(tasks, lambda: None)
    yield stage
    stage.stop()


@fuzzed()
@given(st.lists(st.one_of(TEXTS, TEXTS, st.binary(max_size=200)), min_size=1, max_size=6))
def test_any_message_is_done_or_explained(stage, messages):
    for message in messages:
        with explained():
            if isinstance(message, str):
                do(stage, message)
            else:
                stage.take_bytes(message)
    json.dumps(stage.settings(), allow_nan=False)
    stage.drain()


def test_a_stage_that_was_fuzzed_still_plays(stage):
    do(stage, '{"type": "microphone", "sample_rate_hz": 16000}')
    stage.take_bytes(bytes(2 * 1280 * 3))
    assert stage.settings()["source"] == "microphone"


def test_a_text_may_not_be_long(stage):
    with pytest.raises(ClaError):
        do(stage, json.dumps({"type": "sample", "clip": "x" * MAX_TEXT}))

"""Tasks as one file: what is written is read again, and hostile files are refused with a remedy."""

import json
import os
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_tasks import tiny_sound_task, tiny_video_task

from cla.errors import ClaError
from cla.models import open_task, read_task_file, write_task_file
from cla.models.task_file import MAX_FILE_BYTES, MAX_HEADER_BYTES

CONTENT = write_task_file(tiny_sound_task())
HEADER_BYTES = struct.unpack("<Q", CONTENT[:8])[0]
HEADER = json.loads(CONTENT[8 : 8 + HEADER_BYTES])
METADATA = json.loads(HEADER["__metadata__"]["cla"])
FUZZED = settings(
    max_examples=int(os.environ.get("CLA_FUZZ_CASES", "60")),
)


def packed(header, data=CONTENT[8 + HEADER_BYTES :]):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def described(**changes):
    """The file with other metadata."""
    metadata = json.dumps({**METADATA, **changes})
    return packed({**HEADER, "__metadata__": {"cla": metadata}})


def taken_or_refused(content):
    """A file is either a task that runs, or refused with a remedy; nothing else happens."""
    try:
        task = read_task_file(content)
    except ClaError:
        return
    lane = task.with_attention("full")
    token = torch.zeros(1, task.classifier.config.input_dim)
    assert lane.step(token, lane.init_state(1)).output.shape == (1, len(task.labels))


@pytest.mark.parametrize("task", [tiny_sound_task(), tiny_video_task()])
def test_a_task_comes_back_as_it_was(task, tmp_path):
    path = tmp_path / "my.safetensors"
    write_task_file(task, path)
    read = open_task(str(path))
    assert (read.name, read.labels, read.features) == (task.name, task.labels, task.features)
    assert read.event_config == task.event_config
    assert read.landmark_counts == task.landmark_counts
    window = torch.randn(2, 24, task.classifier.config.input_dim)
    for kind, count in (("full", None), ("continual_nystrom", 4)):
        lanes = [one.with_attention(kind, count) for one in (read, task)]
        assert torch.equal(*(lane(window) for lane in lanes))


def test_names_of_shipped_tasks_still_open_them():
    assert open_task("hands").name == "hands"
    with pytest.raises(ClaError, match="cannot be opened"):
        open_task("nowhere/my.safetensors")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": "cla-task 9"}, "format"),
        ({"features": "smells"}, "features"),
        ({"features": "hands"}, "rate"),
        ({"labels": ["none", "none", "b"]}, "same"),
        ({"labels": ["none", "a\n", "b"]}, "printed"),
        ({"labels": ["none"] * 99}, "labels"),
        ({"landmark_counts": [2, 4]}, "weights are not those"),
        ({"landmark_counts": [2.5]}, "landmark_counts"),
        ({"classifier": {**METADATA["classifier"], "embed_dim": 10**9}}, "embed_dim"),
        ({"classifier": {**METADATA["classifier"], "window": True}}, "window"),
        ({"classifier": {**METADATA["classifier"], "num_classes": 4}}, "labels"),
        ({"classifier": {**METADATA["classifier"], "evil": 1}}, "evil"),
        ({"events": {**METADATA["events"], "smoothing_tokens": 10**9}}, "event"),
        ({"sha256": "0" * 64}, "checksum"),
        ({"card": None}, "card"),
    ],
)
def test_a_file_that_asks_for_what_no_task_has_is_refused(changes, reason):
    with pytest.raises(ClaError, match=reason):
        read_task_file(described(**changes))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a pickle of old",
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", MAX_HEADER_BYTES + 1) + b" " * (MAX_HEADER_BYTES + 1),
        bytes(MAX_FILE_BYTES + 1),
        packed({"__metadata__": {"cla": "[" * 100_000}}),
        packed({"__metadata__": {"cla": '{"format": NaN}'}}),
        CONTENT[:-4],
        CONTENT + b"more",
    ],
    ids=["empty", "zip", "huge", "long", "large", "deep", "nan", "cut", "longer"],
)
def test_what_is_no_task_file_is_refused(content):
    with pytest.raises(ClaError, match="no task that can be used"):
        read_task_file(content)


def test_weights_that_are_not_finite_are_refused():
    task = tiny_sound_task()
    task.classifier.head.bias[0] = float("nan")
    with pytest.raises(ClaError, match="finite"):
        read_task_file(write_task_file(task))


@FUZZED
@given(st.integers(0, len(CONTENT) - 1), st.binary(min_size=1, max_size=16))
def test_overwritten_bytes_harm_nobody(position, written):
    taken_or_refused(CONTENT[:position] + written + CONTENT[position + len(written) :])


@FUZZED
@given(st.binary(max_size=400), st.booleans())
def test_arbitrary_bytes_harm_nobody(data, sized):
    taken_or_refused(struct.pack("<Q", len(data)) + data if sized else data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=8,
)


@FUZZED
@given(st.sampled_from(sorted(METADATA)), JSON)
def test_any_description_harms_nobody(key, value):
    taken_or_refused(described(**{key: value}))


@FUZZED
@given(st.sampled_from(sorted(METADATA["classifier"])), JSON)
def test_any_classifier_harms_nobody(key, value):
    taken_or_refused(described(classifier={**METADATA["classifier"], key: value}))


@FUZZED
@given(st.sampled_from(sorted(HEADER)), JSON)
def test_any_tensor_header_harms_nobody(key, value):
    taken_or_refused(packed({**HEADER, key: value}))

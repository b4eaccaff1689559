"""What a page's text may say: each value has a type and bounds."""

import json

import pytest

from cla.engine import (
    Correct,
    FitLandmarks,
    Pause,
    RequestMap,
    SetEmit,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
)
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.server.messages import (
    MAX_AMOUNT,
    MAX_TEXT,
    EndSource,
    Give,
    Listen,
    Lost,
    OpenDevice,
    Sample,
    SetRecording,
    Stop,
    Upload,
    read_message,
)

DEVICE = '{"type":"device","kind":"video","index":%s}'
UPLOAD = '{"type":"upload","size_bytes":%s,"name":"a.wav","task":"digits"}'


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"type": "sample", "clip": "a"}, Sample("a")),
        ({"type": "microphone", "sample_rate_hz": 8_000, "task": "x"}, Listen(8_000, "x")),
        ({"type": "device", "kind": "sound", "index": 0}, OpenDevice("sound", 0)),
        ({"type": "upload", "size_bytes": 9, "name": "ü", "task": "x"}, Upload(9, "ü", "x")),
        ({"type": "lost", "samples": MAX_AMOUNT}, Lost(MAX_AMOUNT)),
        ({"type": "record", "on": False}, SetRecording(False)),
        ({"type": "stop", "more": [1]}, Stop()),
        ({"type": "sensitivity", "enter": 0.5}, SetSensitivity(0.5)),
        ({"type": "fit", "heard": True}, FitLandmarks(True)),
        ({"type": "correct", "label": 0, "token": 9, "tokens": 7}, Correct(0, 9, 7)),
        ({"type": "pause"}, Pause()),
        ({"type": "emit", "emit": False}, SetEmit(False)),
        ({"type": "features", "task": "x"}, Give("x")),
        ({"type": "end"}, EndSource()),
        ({"type": "landmarks", "num_landmarks": 16}, SetLandmarks(16)),
        ({"type": "window", "window": 4096}, SetWindow(4096)),
        ({"type": "window", "window": None}, SetWindow(None)),
        ({"type": "map", "lane": "full", "layer": 1}, RequestMap("full", 1)),
        (
            {"type": "lanes", "lanes": [{"kind": "full", "num_landmarks": None, "name": "x"}]},
            SetLanes((LaneSpec("full"),)),
        ),
    ],
)  # fmt: skip
def test_what_a_page_may_say(said, meant):
    assert read_message(json.dumps(said)) == meant


@pytest.mark.parametrize(
    "text",
    [
        *(DEVICE % index for index in ("-1", "10000", 2**31, "1" + "0" * 400, "1e400", "1.5")),
        *(DEVICE % index for index in ("true", "null", '"0"', "NaN", "[0]", "-0.0001")),
        *(f'{{"type":"sensitivity","enter":{enter}}}' for enter in ("0", "-0.1", "1.01", "1e400")),
        *(f'{{"type":"sensitivity","enter":{enter}}}' for enter in ("NaN", "null", '"0.5"')),
        DEVICE.replace("video", "smell") % 0,
        DEVICE.replace(',"index":%s', ""),
        *(UPLOAD % size for size in ("-1", MAX_AMOUNT + 1, "1" + "0" * 400, "Infinity")),
        UPLOAD.replace("a.wav", r"a\ud800.wav") % 4,
        UPLOAD.replace("a.wav", "a\ud800.wav") % 4,
        '{"type":"window","window":0}',
        '{"type":"emit","emit":1}',
        '{"type":"kernels","on":false}',
        '{"type":"landmarks","num_landmarks":0}',
        '{"type":"landmark_mode","mode":"none"}',
        '{"type":"fast","fast":"yes"}',
        '{"type":"record"}',
        '{"type":"sample","type":"stop","clip":"a"}',
        '{"type":["sample"],"clip":"a"}',
        '{"type":"sample","clip":"%s"}' % ("x" * 2_000),
        json.dumps({"type": "lanes", "lanes": [{"kind": "full"}] * 65}),
        '{"type":"pause","more":' + "[" * 4_000,
        "[" * 4_000,
        '{"type":"pause"}' + " " * MAX_TEXT,
        "null",
        "",
        "\0",
    ],
)
def test_all_else_is_refused_in_a_short_sentence(text):
    with pytest.raises(ClaError) as caught:
        read_message(text)
    said = caught.value
    assert len(said.message) < 300
    assert said.message.isprintable()
    assert said.remedy
    assert said.message.said("de") != said.message


def test_of_a_key_that_comes_twice_the_last_one_counts():
    assert read_message('{"type":"sample","clip":"a","clip":"b"}') == Sample("b")

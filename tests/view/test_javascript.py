"""The page's scripts: their own tests, and that they and the server mean the same by a message."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cla.engine import (
    FaultRecord,
    FrameRecord,
    LanePast,
    LanesRecord,
    MapRecord,
    NoticeRecord,
    RecordingRecord,
    RunningLane,
    SoundRecord,
)
from cla.errors import ClaError
from cla.features.hand_features import Hand
from cla.models import LaneSpec, load_task
from cla.resources import package_path
from cla.server import shown_task
from cla.server.packets import frame_of
from cla.server.stage import Stage
from cla.server.wire import encode, message_of
from cla.telemetry import LaneRecord, TokenRecord
from cla.texts.sentence import Sentence
from cla.types import Correction, Event

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "js"
OLDEST = 20

ROW = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
CUTS = np.array([[4, 2], [2, 0]])
LANE = LaneRecord(
    "full",
    "é",
    0.75,
    ROW[0, 0],
    9,
    0.5,
    10,
    2**40,
    Event("é", 1.5, 0.75),
    0,
    ROW,
    CUTS,
    4096,
    answered=False,
    reads_every=3,
    age=2,
)
LOW = LaneSpec("continual_nystrom", 8, "continual", window=60, num_layers=1)
HAND = Hand(np.full((21, 2), 0.5, np.float32), "Left", 0.9)
RECORDS = {
    "TokenMessage": TokenRecord(7, 1.5, (LANE,), gap_s=2.0),
    "LanesMessage": LanesRecord(
        (RunningLane("low", LOW, 12.5, None, 20.0, 64),), {"low": LanePast(((2, "é"),), ROW[0])}
    ),
    "FrameMessage": FrameRecord(1.5, 1.25, (HAND,), b"\xff\xd8\xff"),
    "SoundMessage": SoundRecord(0.5, np.array([0.5, 0.25], np.float32)),
    "MapMessage": MapRecord("low", {"beta": ROW, "gamma_inv": ROW[:, :2], "delta": ROW}),
    "NoticeMessage": NoticeRecord(Sentence("notices.no_float64")),
    "FaultMessage": FaultRecord(ClaError("file_not_opened", file="é", reason="x")),
    "CorrectionMessage": Correction("digits", 1, 4, 20, 7, 39, ROW[0]),
    "RecordingMessage": RecordingRecord("0123", True),
}
"""A record of each kind, by what the scripts call its message."""


@pytest.fixture(scope="module")
def node():
    """Node.js, of a version that can run the tests."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node.js is not installed: the page's scripts are not tested.")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip("v\n").split(".")[0]) < OLDEST:
        pytest.skip(f"Node.js is older than {OLDEST}: the page's scripts are not tested.")
    return path


def test_the_scripts_pass_their_tests(node):
    tests = sorted(map(str, SCRIPTS.glob("*.test.js")))
    assert len(tests) > 5
    run = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def both_sides(node):
    """What the scripts make of messages, and what they send."""

    def run(messages=(), taken_s=0.0, jpeg=b""):
        given = {
            "messages": [base64.b64encode(message).decode() for message in messages],
            "picture": {"takenS": taken_s, "jpeg": base64.b64encode(jpeg).decode()},
        }
        script = [node, str(SCRIPTS / "both_sides.js")]
        done = subprocess.run(
            script, input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(done.stdout)

    return run


def listed(arrays):
    """Arrays as JSON of the scripts holds them."""
    return {
        name: {"data": np.ravel(array).tolist(), "shape": list(np.shape(array))}
        for name, array in arrays.items()
    }


def test_pages_read_what_the_server_writes(both_sides):
    written = [
        (
            {"type": "x", "label": "a" * length + "é語"},
            {"a/b": ROW, "empty": ROW[:0], "one": ROW[0, 0, :1]},
        )
        for length in range(4)
    ]
    read = both_sides([encode(header, arrays) for header, arrays in written])["decoded"]
    for (header, arrays), found in zip(written, read, strict=True):
        assert found == {"header": header, "arrays": listed(arrays)}


def test_records_reach_the_page(both_sides):
    read = both_sides([encode(*message_of(record)) for record in RECORDS.values()])["decoded"]
    found = dict(zip(RECORDS, read, strict=True))
    token = found["TokenMessage"]
    assert token["header"]["lanes"][0]["total_ops"] == 2**40
    assert token["header"]["lanes"][0]["event"]["label"] == "é"
    assert token["arrays"] == listed(
        {"full/probabilities": ROW[0, 0], "full/attention": ROW, "full/stretches": CUTS}
    )
    lanes = found["LanesMessage"]
    assert lanes["header"]["past"] == {"low": [[2, "é"]]}
    assert lanes["arrays"] == listed({"low/past": ROW[0]})
    assert found["FrameMessage"]["arrays"] == listed({"hand/0": HAND.points})
    assert found["SoundMessage"]["arrays"] == listed({"peaks": [0.5, 0.25]})
    assert list(found["MapMessage"]["arrays"]) == ["beta", "gamma_inv", "delta"]


def declared():
    """The fields of each interface that the scripts are checked by."""
    text = package_path("view/static/types.d.ts").read_text("utf-8")
    found = {}
    interfaces = re.finditer(
        r"^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}", text, re.M | re.S
    )
    for name, above, body in (each.groups() for each in interfaces):
        fields = set(re.findall(r"^  (\w+)\??:", body, re.M))
        found[name] = fields | found.get(above, set())
    return found


def test_the_types_of_the_scripts_are_those_of_the_messages(both_sides):
    read = both_sides([encode(*message_of(record)) for record in RECORDS.values()])["decoded"]
    types = declared()
    headers = {name: each["header"] for name, each in zip(RECORDS, read, strict=True)}
    for name, header in headers.items():
        assert types[name] == set(header), name
    lane = headers["TokenMessage"]["lanes"][0]
    assert types["LaneRecord"] == set(lane)
    assert types["LaneEvent"] == set(lane["event"])
    assert types["Lane"] == set(headers["LanesMessage"]["lanes"][0])


def test_the_types_of_tasks_and_settings_are_those_of_the_server():
    types, task = declared(), load_task()
    assert types["Task"] - {"problem", "address"} == set(shown_task(task))
    assert types["SampleClip"] == set(shown_task(task)["clips"][0])
    stage = Stage({task.name: task}, lambda: None)
    assert types["Settings"] - {"device_name"} == set(stage.settings())


def test_pictures_of_the_page_come_with_their_time(both_sides):
    sent = base64.b64decode(both_sides(taken_s=1.25, jpeg=b"\xff\xd8\xff\xd9")["picture"])
    frame = frame_of(sent, 10.0)
    assert (frame.jpeg, frame.time_s) == (b"\xff\xd8\xff\xd9", 1.25)

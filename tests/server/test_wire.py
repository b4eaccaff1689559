"""Messages to the page hold what was recorded; messages from it are not believed."""

import json
import struct

import numpy as np

from cla.engine import FaultRecord, MapRecord, SoundRecord
from cla.errors import ClaError
from cla.server.limits import TokenBucket
from cla.server.wire import encode, message_of
from cla.telemetry import LaneRecord, TokenRecord
from cla.types import Event


def decode(message):
    """What the page's decoder does, in Python."""
    length = struct.unpack_from("<I", message)[0]
    header = json.loads(message[4 : 4 + length])
    offset, arrays = 4 + length, {}
    assert offset % 4 == 0
    for name, shape in header["arrays"]:
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(message, "<f4", count, offset).reshape(shape)
        offset += 4 * count
    assert offset == len(message)
    return header, arrays


def test_tokens_come_through():
    probabilities = np.array([0.25, 0.75], np.float32)
    attention = np.arange(12, dtype=np.float32).reshape(3, 4)
    event = Event("é", 1.5, 0.75)
    lane = LaneRecord("full", "é", 0.75, probabilities, 9, 0.5, 10, 100, event, 0, attention)
    header, arrays = decode(encode(*message_of(TokenRecord(7, 1.5, (lane,), gap_s=2.0))))
    assert (header["type"], header["token"], header["gap_s"]) == ("token", 7, 2.0)
    assert header["lanes"][0]["event"]["label"] == "é"
    np.testing.assert_array_equal(arrays["full/attention"], attention)
    np.testing.assert_array_equal(arrays["full/probabilities"], probabilities)


def test_what_lanes_show_of_themselves_comes_through():
    row, cuts = np.ones((2, 3, 4), np.float32), np.array([[4, 2], [2, 0]])
    lane = LaneRecord("full", "a", 1.0, row[0, 0], 4, 0.5, 1, 1, None, 0, row, cuts, 4096)
    header, arrays = decode(encode(*message_of(TokenRecord(0, 0.1, (lane,)))))
    assert header["lanes"][0]["state_bytes"] == 4096
    np.testing.assert_array_equal(arrays["full/stretches"], cuts)
    assert arrays["full/attention"].shape == (2, 3, 4)
    peaks = np.array([0.5, 0.25], np.float32)
    header, arrays = decode(encode(*message_of(SoundRecord(0.5, peaks))))
    assert (header["type"], header["time_s"]) == ("sound", 0.5)
    np.testing.assert_array_equal(arrays["peaks"], peaks)


def test_maps_and_faults_come_through():
    factors = {"beta": np.ones((2, 3, 4), np.float32)}
    header, arrays = decode(encode(*message_of(MapRecord("full", factors))))
    assert header["lane"] == "full"
    assert arrays["beta"].shape == (2, 3, 4)
    header, _ = decode(
        encode(*message_of(FaultRecord(ClaError("places_taken", count=4, wait=5), fatal=True)))
    )
    assert (header["key"], header["values"], header["fatal"]) == (
        "places_taken",
        {"count": 4, "wait": 5},
        True,
    )
    assert header["message"] == "All 4 places are taken."
    assert header["remedy"].startswith("Come again in 5 s")
    header, _ = decode(
        encode(*message_of(FaultRecord(ClaError("places_taken", count=4, wait=5)), "de"))
    )
    assert header["message"] == "Alle 4 Plätze sind besetzt."


def test_a_token_bucket_runs_empty():
    bucket = TokenBucket(burst=10, per_second=0)
    assert [bucket.spend(4) for _ in range(3)] == [True, True, False]

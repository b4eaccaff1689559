"""Lines of a session's log: what is written is read again, and all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cla.engine import (
    Correct,
    FitLandmarks,
    Pause,
    RequestMap,
    Reset,
    Resume,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    SetWindow,
    StepOnce,
)
from cla.engine.recording.layout import MAX_PACKET_BYTES
from cla.engine.recording.log import (
    MAX_COUNT,
    MAX_TIME_S,
    CommandDone,
    Ended,
    Flushed,
    PacketTaken,
    encode_entry,
    parse_entry,
)
from cla.errors import ClaError
from cla.models import LaneSpec

COUNTS = st.integers(0, MAX_COUNT)
SIZES = st.integers(1, 1_000_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LANES = st.builds(
    LaneSpec, TEXTS, st.none() | SIZES, st.sampled_from(["fixed", "continual"]), st.none() | SIZES
)
COMMANDS = st.one_of(
    st.builds(SetLandmarks, SIZES),
    st.builds(SetWindow, SIZES | st.none()),
    st.builds(SetLandmarkMode, st.sampled_from(["fixed", "continual"])),
    st.builds(SetLanes, st.lists(LANES, max_size=4).map(tuple)),
    st.builds(Correct, st.integers(0, 99), st.integers(0, 999), SIZES),
    st.builds(SetEmit, st.booleans()),
    st.builds(FitLandmarks, st.booleans()),
    st.builds(SetSensitivity, st.floats(0, 1, exclude_min=True)),
    st.builds(RequestMap, TEXTS, st.integers(0, 99)),
    st.sampled_from([Pause(), Resume(), StepOnce(), Reset()]),
)
ENTRIES = st.one_of(
    st.builds(
        PacketTaken,
        st.integers(0, MAX_PACKET_BYTES),
        COUNTS,
        st.none() | st.floats(-MAX_TIME_S, MAX_TIME_S),
        st.integers(0, MAX_PACKET_BYTES // 4),
    ),
    st.builds(CommandDone, COMMANDS, COUNTS),
    st.just(Flushed()),
    st.builds(Ended, TEXTS),
)


@given(ENTRIES)
def test_what_is_written_is_read_again(entry):
    line = encode_entry(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_entry(line) == entry


@pytest.mark.parametrize(
    "line",
    [
        b'{"packet":-1}',
        b'{"packet":%d}' % (MAX_PACKET_BYTES + 1),
        b'{"packet":1%s}' % (b"0" * 400),
        b'{"packet":2.5}',
        b'{"packet":2,"skipped":-1}',
        b'{"packet":2,"time_s":1e13}',
        b'{"packet":2,"time_s":NaN}',
        b'{"packet":2,"not_numbers":%d}' % MAX_PACKET_BYTES,
        b'{"command":{"type":"window","window":0},"steps":0}',
        b'{"command":{"type":"window","window":1%s},"steps":0}' % (b"0" * 400),
        b'{"command":{"type":"nothing"},"steps":0}',
        b'{"command":{"type":"pause"},"steps":-1}',
        b'{"command":"pause","steps":0}',
        b'{"flushed":1}',
        b'{"ended":7}',
        b'{"ended":"\xff"}',
        b'{"steps":3}',
        b"{}",
        b"[]",
        b"",
    ],
)
def test_all_else_is_refused(line):
    with pytest.raises(ClaError):
        parse_entry(line)

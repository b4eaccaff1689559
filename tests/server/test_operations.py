"""What an operator sees: lines of the log, traces of tokens."""

import json
import logging

import numpy as np
import pytest
from live_connection import connect, receive_until, refusal, send, serving
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cla.server.logs import JsonLines, Words, told
from cla.server.traces import Traces, traces_of


def test_a_tokens_way_is_traced_from_its_arrival_to_its_sending():
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with serving() as (server, client):
        server.host.traces = Traces(provider)
        with connect(client, server.invite().key) as socket:
            send(socket, type="microphone", sample_rate_hz=16000)
            for _ in range(3):
                socket.send_bytes(np.zeros(1280, np.int16).tobytes())
            while receive_until(socket, "token")["token"] < 2:
                pass
            send(socket, type="pause")
            receive_until(socket, "settings")
    found = spans.get_finished_spans()
    wholes = [span for span in found if span.name == "token"]
    assert [span.attributes["token"] for span in wholes] == [0, 1, 2]
    for whole in wholes:
        parts = [one for one in found if one.parent and one.parent.span_id == whole.context.span_id]
        names = [part.name for part in parts]
        assert names == ["wait and features", "lane full", "lane continual_nystrom", "send"]
        assert all(whole.start_time <= part.start_time <= part.end_time for part in parts)
        assert parts[-1].end_time == whole.end_time
        assert [part.attributes.get("ops") is not None for part in parts] == [
            False,
            True,
            True,
            False,
        ]


def test_traces_come_where_they_are_asked_for():
    assert traces_of({}) is None
    traces = traces_of({"CLA_TRACES": "on"})
    assert traces is not None
    traces.close()


@pytest.fixture
def record():
    made = logging.LogRecord("cla.x", logging.INFO, "", 1, "it is %s", ("so",), None)
    made.__dict__.update(told(reason="full", code=1013))
    return made


def test_lines_of_the_log_are_json_or_words(record):
    line = json.loads(JsonLines().format(record))
    assert line.pop("time").endswith("+00:00")
    expected = {"level": "info", "logger": "cla.x", "message": "it is so"}
    assert line == {**expected, "reason": "full", "code": 1013}
    assert Words().format(record).endswith("INFO it is so reason=full code=1013")
    try:
        raise ValueError("why")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    assert "ValueError: why" in json.loads(JsonLines().format(record))["error"]


def test_connections_and_refusals_are_logged_without_their_keys(caplog):
    with caplog.at_level(logging.INFO, "cla.server"), serving() as (server, client):
        key = server.invite().key
        with connect(client, key) as socket:
            receive_until(socket, "hello")
            socket.close(1000)
        refusal(client, "guess")
    fields = [(one.getMessage(), one.fields) for one in caplog.records if hasattr(one, "fields")]
    assert ("connected", {"page": True, "sessions": 1}) in fields
    assert ("refused", {"reason": "token_refused", "code": 1008}) in fields
    assert any(words == "gone" and told["seconds"] >= 0 for words, told in fields)
    assert key not in caplog.text

"""Programs beside pages: tokens, formats, features, coming back, and what is described of it."""

import json
import re
from functools import cache

import jsonschema
import msgspec
import numpy as np
import pytest
import soundfile
from live_connection import offer, serving, wait_for
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from cla.capture import open_file, sample_clips
from cla.engine import read_source
from cla.errors import ClaError
from cla.resources import package_path
from cla.server import live_server
from cla.server.access import Access, access_of
from cla.server.described import RECORDS, asyncapi, openapi
from cla.server.limits import MAX_MESSAGE_BYTES

TOKEN = "a-token-of-this-test"
OPEN = Access(anybody=True)
GIVEN = {"authorization": f"Bearer {TOKEN}"}


def connect(client, query="", headers=None, version=1):
    return client.websocket_connect(f"/v{version}/live?{query}", headers=dict(headers or {}))


def said(socket, kind=None):
    while True:
        message = json.loads(socket.receive_text())
        if message["type"] == (kind or message["type"]):
            return message


def ask(socket, **message):
    socket.send_text(json.dumps(message))


def refused(client, query="", headers=None, version=1):
    with connect(client, query, headers, version) as socket:
        fault = said(socket)
        assert fault["fatal"]
        assert fault["message"]
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    return fault["key"], closed.value.code


def test_a_token_opens_a_session_and_no_other_does():
    with serving(access=access_of({"CLA_TOKENS": f"another, {TOKEN}"})) as (_, client):
        for query, headers in (("", GIVEN), (f"token={TOKEN}", None), ("token=another", None)):
            with connect(client, query, headers) as socket:
                assert said(socket)["type"] == "hello"
        for query in ("", "token=", "token=a-token", f"token={TOKEN}%00", "key=guess"):
            assert refused(client, query) == ("token_refused", 1008)
        assert client.get("/v1/models", headers=GIVEN).json()["protocol"] == 1
        answer = client.get("/v1/models?lang=de")
        assert (answer.status_code, answer.json()["key"]) == (401, "token_refused")
        assert answer.json()["message"].startswith("Dieser Server")


@pytest.mark.parametrize(
    ("headers", "client", "admitted"),
    [
        ({"host": "localhost:1"}, ("127.0.0.1", 1), True),
        ({"host": "[::1]:1"}, ("::1", 1), True),
        ({"host": "localhost:1"}, ("10.0.0.7", 1), False),
        ({"host": "rebound.example"}, ("127.0.0.1", 1), False),
        ({"host": "localhost:1", "x-forwarded-for": "10.0.0.7"}, ("127.0.0.1", 1), False),
    ],
)
def test_programs_of_this_machine_need_no_token_where_the_server_is_its_own(
    headers, client, admitted
):
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "headers": pairs, "client": client, "query_string": b""}
    try:
        Access(local=True).check_token(HTTPConnection(scope))
    except ClaError:
        assert not admitted
    else:
        assert admitted


def test_pages_of_other_servers_need_to_be_named():
    foreign = {"origin": "https://lab.example"}
    with serving(access=OPEN) as (_, client):
        assert refused(client, headers=foreign) == ("origin_foreign", 1008)
        assert client.post("/v1/run", headers=foreign).status_code == 403
    named = Access(anybody=True, origins=("https://lab.example",))
    with serving(access=named) as (_, client), connect(client, headers=foreign) as socket:
        assert said(socket)["type"] == "hello"


def test_other_versions_and_formats_are_refused_in_words():
    with serving(access=OPEN) as (_, client):
        assert refused(client, version=2) == ("protocol_version_unknown", 1008)
        assert refused(client, "format=xml") == ("format_unknown", 1008)


def test_a_key_of_a_page_does_not_serve_programs():
    """Who has one sends an origin, as browsers do."""
    with serving(access=OPEN) as (server, client):
        assert refused(client, f"key={server.invite().key}") == ("origin_foreign", 1008)


@pytest.mark.parametrize("local", ["yes", "no"])
def test_programs_get_no_devices_and_no_recordings_of_the_machine(monkeypatch, local):
    monkeypatch.setattr(live_server, "is_local", lambda _: local == "yes")
    with serving(access=OPEN) as (_, client), connect(client) as socket:
        assert said(socket, "hello")["local"] is None
        ask(socket, type="device", kind="sound", index=0)
        assert said(socket, "fault")["key"] == "devices_not_for_page"
        ask(socket, type="microphone", sample_rate_hz=16000)
        ask(socket, type="record", on=True)
        assert said(socket, "fault")["key"] == "recording_not_offered"


def speech():
    samples, rate = soundfile.read(sample_clips()[0].path, dtype="int16")
    return samples, rate


def test_sound_comes_back_as_json_lines_to_its_very_end():
    samples, rate = speech()
    with serving(access=OPEN) as (_, client), connect(client, "lang=de") as socket:
        ask(socket, type="microphone", sample_rate_hz=rate)
        for begin in range(0, rate, 1280):
            socket.send_bytes(samples[begin : begin + 1280].tobytes())
        ask(socket, type="end")
        tokens = []
        while (line := socket.receive_text()) and (got := json.loads(line))["type"] != "ended":
            assert line.endswith("\n")
            assert "\n" not in line[:-1]
            tokens += [got] if got["type"] == "token" else []
    assert [token["token"] for token in tokens] == list(range(len(tokens)))
    assert tokens[-1]["time_s"] >= 0.9
    lanes = [lane["lane"] for lane in tokens[0]["lanes"]]
    assert {f"{lane}/probabilities" for lane in lanes} == set(tokens[0]["arrays"]), "no rows"
    assert sum(tokens[0]["arrays"][f"{lanes[0]}/probabilities"]) == pytest.approx(1)


def test_rows_come_when_asked_for_and_message_pack_holds_the_same_numbers():
    with serving(access=OPEN) as (_, client), connect(client, "format=msgpack") as socket:

        def receive(kind):
            while True:
                found = msgspec.msgpack.decode(socket.receive_bytes())
                if found["type"] == kind:
                    return found

        ask(socket, type="emit", emit=True)
        ask(socket, type="sample", clip=sample_clips()[0].name)
        token = receive("token")
        row = token["arrays"]["full/attention"]
        assert len(row["data"]) == 4 * int(np.prod(row["shape"]))
        found = np.frombuffer(token["arrays"]["full/probabilities"]["data"], "<f4")
        assert found.max() == pytest.approx(token["lanes"][0]["probability"], abs=1e-4)


@cache
def clip_tokens():
    task = offer().ready["digits"]
    with open_file("sound", sample_clips()[0].path) as file:
        return read_source(task, file)


def test_features_of_ones_own_give_what_their_sound_gives():
    rows = clip_tokens().features.numpy().astype("<f4")
    with serving(access=OPEN) as (_, client), connect(client) as socket:
        ask(socket, type="features", task="digits")
        heard = []
        for begin in range(0, len(rows), 5):  # a live session drops what waits for more than 2 s
            socket.send_bytes(rows[begin : begin + 5].tobytes())
            heard += [said(socket, "token") for _ in rows[begin : begin + 5]]
        for bad in (b"\0" * 5, np.full(rows.shape[1], np.nan, "<f4").tobytes()):
            socket.send_bytes(bad)
            assert said(socket, "fault")["key"] in ("features_not_whole", "packet_not_finite")
    words = [word.label for word in sample_clips()[0].words]
    events = [lane["event"]["label"] for one in heard for lane in one["lanes"] if lane["event"]]
    assert events[::2] == words
    assert [one["token"] for one in heard] == list(range(len(rows)))
    assert heard[-1]["time_s"] == pytest.approx(len(rows) * 0.08)


def test_a_program_comes_back_to_its_session_with_its_key():
    with serving(access=OPEN, lost_grace_s=60) as (_, client):
        with connect(client) as socket:
            key = said(socket, "hello")["key"]
            ask(socket, type="microphone", sample_rate_hz=16000)
            socket.send_bytes(bytes(2560))
            assert said(socket, "token")["token"] == 0
            socket.close(1006)
        with connect(client, f"key={key}") as socket:
            hello = said(socket, "hello")
            assert (hello["key"], hello["source"]) == (key, "microphone")
            ask(socket, type="lost", samples=1280)
            socket.send_bytes(bytes(2560))
            token = said(socket, "token")
            assert token["token"] == 1
            assert token["gap_s"] == pytest.approx(0.08)


def test_nothing_is_kept_of_a_program_whose_session_has_ended():
    with serving(access=OPEN, lost_grace_s=0) as (server, client):
        keys = []
        for _ in range(3):
            with connect(client, f"key={keys[-1]}" if keys else "") as socket:
                keys.append(said(socket, "hello")["key"])
                socket.close(1006)
            wait_for(lambda: not server._with_place())
        assert len(set(keys)) == 3
        assert list(server._visits) == keys[-1:]


def test_frames_too_large_end_the_connection_alone():
    with serving(access=OPEN) as (_, client), connect(client) as good:
        with connect(client) as bad:
            bad.send_bytes(bytes(MAX_MESSAGE_BYTES + 2))
            assert said(bad, "fault")["key"] == "message_too_large"
            with pytest.raises(WebSocketDisconnect) as closed:
                bad.receive_text()
            assert closed.value.code == 1008
        ask(good, type="pause")
        assert said(good, "settings")["paused"]


def test_a_server_that_stops_lets_sessions_go_on_and_takes_no_new_ones():
    with serving(access=OPEN) as (server, client), connect(client) as socket:
        said(socket, "hello")
        assert client.get("/health").json()["status"] == "ready"
        server.stopping = True
        answer = client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
        with connect(client) as late:
            assert said(late, "fault")["key"] == "server_stops"
            with pytest.raises(WebSocketDisconnect) as closed:
                late.receive_text()
            assert closed.value.code == 1013
        ask(socket, type="sample", clip=sample_clips()[0].name)
        assert said(socket, "token")["token"] == 0
        server.stopping = False


def test_a_clip_is_run_at_once():
    clip = sample_clips()[0]
    with serving(access=OPEN) as (_, client):
        answer = client.post(
            "/v1/run", files={"file": clip.path.read_bytes()}, data={"lanes": "full"}
        )
        assert answer.status_code == 200, answer.text
        (lane,) = answer.json()["lanes"].values()
        assert [event["label"] for event in lane["events"]] == [word.label for word in clip.words]
        assert len(lane["labels"]) == answer.json()["tokens"]
        jsonschema.validate(answer.json(), schema_of("/v1/run", "post"))
        jsonschema.validate(client.get("/health").json(), schema_of("/health", "get"))
        jsonschema.validate(client.get("/v1/models").json(), schema_of("/v1/models", "get"))


BAD_FORMS = [
    ({}, "form_without_file"),
    ({"data": {"file": "no file"}}, "form_without_file"),
    ({"files": {"file": b""}}, "form_without_file"),
    ({"content": b"x", "headers": {"content-type": "multipart/x"}}, "form_without_file"),
    ({"files": {"file": b"x"}, "data": {"task": "none"}}, "task_unknown"),
    ({"files": {"file": b"x"}, "data": {"lanes": "none"}}, "lane_spec_unknown"),
    ({"files": {"file": b"no sound"}}, "file_not_media"),
]


def test_what_is_wrong_with_a_clip_is_said():
    with serving(access=OPEN) as (_, client):
        for form, key in BAD_FORMS:
            answer = client.post("/v1/run", **form)
            assert (answer.status_code, answer.json()["key"]) == (400, key)
            jsonschema.validate(answer.json(), schema_of("/v1/run", "post", "400"))


def test_a_clip_beyond_the_limit_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("cla.server.http_routes.MAX_BYTES", 1000)
    monkeypatch.setattr("cla.server.http_routes.FORM_BYTES", 1000)
    with serving(access=OPEN) as (_, client):
        answer = client.post("/v1/run", files={"file": bytes(5000)})
        assert (answer.status_code, answer.json()["key"]) == (413, "message_too_large")


def schema_of(path, method, status="200"):
    answer = openapi()["paths"][path][method]["responses"][status]
    return answer["content"]["application/json"]["schema"]


def test_http_is_described_as_it_is_and_nothing_is_left_out():
    with serving() as (server, client):
        routes = {route.path for route in server.routes() if isinstance(route, Route)}
        described = set(openapi()["paths"])
        assert routes == described | {"/v1/openapi.json", "/v1/asyncapi.json"}
        assert client.get("/v1/openapi.json").json() == openapi()
        assert client.get("/v1/asyncapi.json").json() == json.loads(json.dumps(asyncapi()))


def test_all_that_a_session_says_is_as_described():
    schemas = asyncapi()["components"]["schemas"]
    seen = set()
    with serving(access=OPEN) as (_, client), connect(client) as socket:
        ask(socket, type="fast", fast=True)
        ask(socket, type="sample", clip=sample_clips()[0].name)
        ask(socket, type="map", lane="full")
        ask(socket, type="map", lane="none")
        while (message := said(socket))["type"] != "ended":
            schema = schemas[message["type"]]
            jsonschema.validate(message, schema)
            beside = set(message) - set(schema["properties"]) - {"arrays"}
            assert not beside - {"clip", "duration_s", "sample_rate_hz"}, message["type"]
            seen.add(message["type"])
    assert {"hello", "settings", "lanes", "token", "sound", "map", "fault"} <= seen


def test_nothing_is_said_that_is_not_described():
    spoken = ("wire", "visit", "greeting")
    texts = [package_path(f"server/{name}.py").read_text("utf-8") for name in spoken]
    assert set(re.findall(r'"type": "(\w+)"', "".join(texts))) == set(RECORDS)


def test_descriptions_refer_to_what_they_hold():
    document = asyncapi()

    def references(part):
        match part:
            case {"$ref": place}:
                yield place
            case dict():
                for one in part.values():
                    yield from references(one)
            case list():
                for one in part:
                    yield from references(one)

    found = set(references(document))
    assert len(found) > 50
    for place in found:
        part = document
        for name in place.removeprefix("#/").split("/"):
            part = part[name]

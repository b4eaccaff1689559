"""The live route under attack: keys, origins, rates, paths, and what is told to whom."""

import json
import logging
import threading
from contextlib import ExitStack

import pytest
from live_connection import (
    connect,
    our_threads,
    receive,
    receive_one,
    receive_until,
    send,
    serving,
    wait_for,
)
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from cla.capture import sample_clips
from cla.engine import Pause
from cla.view import live_server as server_module
from cla.view.headers import middleware
from cla.view.limits import MAX_MESSAGE_BYTES, Allowance, max_sessions
from cla.view.live_app import routes

HOSTILE_NAMES = [
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/shadow",
    "clip.flac\0.wav",
    "file:///etc/passwd",
    "http://127.0.0.1:22/",
    "\x1b[2J<script>alert(1)</script>",
]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://evil.example/testserver"},
        {"origin": "http://testserver:8501"},
        {"origin": "testserver"},
        {"origin": "http://evil.example", "referer": "http://testserver/"},
    ],
)
def test_origins_that_look_alike_are_refused(headers):
    with serving() as (server, client), pytest.raises(WebSocketDisconnect) as closed:
        receive_one(client, server.issue_key(), headers)
    assert closed.value.code == 1008


def test_keys_cannot_be_guessed_or_shared_out():
    with serving() as (server, client):
        keys = {server.issue_key() for _ in range(1000)}
        assert len(keys) == 1000
        assert all(len(key) >= 32 for key in keys)
        for guess in ("", "0" * 32, next(iter(keys))[:-1], next(iter(keys)) + "A"):
            with pytest.raises(WebSocketDisconnect), connect(client, guess) as socket:
                receive(socket)


def test_very_many_keys_do_not_fill_the_memory():
    with serving() as (server, _):
        first = server.issue_key()
        for _ in range(server_module.MAX_TOKENS):
            server.issue_key()
        assert len(server._keys) == server_module.MAX_TOKENS
        assert first not in server._keys


@pytest.mark.parametrize("kind", ["text", "bytes"])
def test_floods_end_the_connection_and_nothing_else(monkeypatch, kind):
    monkeypatch.setattr(server_module, "message_allowance", lambda: Allowance(50, 0.1))
    with serving() as (server, client), connect(client, server.issue_key()) as other:
        with connect(client, server.issue_key()) as socket:
            for _ in range(100):
                socket.send_text("{}") if kind == "text" else socket.send_bytes(b"00")
            while not (fault := receive_until(socket, "fault"))["fatal"]:
                pass
            assert "too much" in fault["message"]
        receive(other)
        send(other, type="sample", clip=sample_clips()[0].name)
        assert receive_until(other, "token")["token"] == 0


def test_starts_without_end_are_refused_and_the_session_goes_on(monkeypatch):
    monkeypatch.setattr(server_module, "work_allowance", lambda: Allowance(25, 0))
    with serving() as (server, client), connect(client, server.issue_key()) as socket:
        for _ in range(5):
            send(socket, type="microphone", sample_rate_hz=16_000)
        faults = 0
        for _ in range(5):
            while (told := receive(socket))["type"] != "settings":
                faults += told["type"] == "fault" and "too often" in told["message"]
                assert not told.get("fatal")
        assert faults == 3
        send(socket, type="pause")
        assert receive_until(socket, "settings")["paused"]


def test_a_session_that_ends_while_a_start_is_in_work_ends_after_it(monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    real = server_module.do_message

    def slow(stage, asked):
        begun.set()
        assert go_on.wait(10)
        real(stage, asked)

    monkeypatch.setattr(server_module, "do_message", slow)
    with serving(lost_grace_s=0) as (server, client):
        key = server.issue_key()
        with connect(client, key) as socket:
            receive(socket)
            stage = server._stages[key]
            send(socket, type="microphone", sample_rate_hz=16_000)
            assert begun.wait(10)
            server._max_sessions = 1
            client.portal.call(server._end, key)
            go_on.set()
        wait_for(lambda: not stage.turn.locked() and stage.settings()["source"] is None)
        wait_for(lambda: not our_threads())


def test_files_that_hang_hold_up_nobody_else(monkeypatch):
    go_on, real = threading.Event(), server_module.do_message

    def hang(stage, asked):
        if asked == Pause():
            assert go_on.wait(20)
        real(stage, asked)

    monkeypatch.setattr(server_module, "do_message", hang)
    with serving(max_sessions=40) as (server, client), ExitStack() as stack:
        for _ in range(33):  # more than asyncio has threads by itself
            send(stack.enter_context(connect(client, server.issue_key())), type="pause")
        other = stack.enter_context(connect(client, server.issue_key()))
        send(other, type="fast", fast=True)
        assert receive_until(other, "settings")["fast"]
        go_on.set()


def test_a_message_of_any_size_costs_its_sender_the_connection():
    with serving() as (server, client), connect(client, server.issue_key()) as socket:
        socket.send_text(" " * (MAX_MESSAGE_BYTES + 1))
        assert receive_until(socket, "fault")["fatal"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_from_a_page_becomes_a_path(name, monkeypatch):
    opened = []
    monkeypatch.setattr("builtins.open", lambda *path, **_: opened.append(path))
    with serving() as (server, client), connect(client, server.issue_key()) as socket:
        send(socket, type="sample", clip=name)
        assert "no sample clip" in receive_until(socket, "fault")["message"]
        send(socket, type="upload", size_bytes=4, name=name, task="digits")
        assert receive_until(socket, "settings")["source"] in (None, "upload")
        send(socket, type="upload", size_bytes=4, name="a", task=name)
        assert "no task" in receive_until(socket, "fault")["message"]
    assert opened == []


def test_a_session_is_not_seen_from_another():
    with (
        serving() as (server, client),
        connect(client, server.issue_key()) as one,
        connect(client, server.issue_key()) as other,
    ):
        receive(one)
        send(one, type="upload", size_bytes=4, name="my secret.wav", task="digits")
        receive_until(one, "settings")
        other_says = json.dumps(receive(other))
        send(other, type="stop")
        other_says += json.dumps(receive_until(other, "settings"))
        assert "secret" not in other_says


def test_an_upload_is_gone_when_another_source_begins():
    with serving() as (server, client):
        key = server.issue_key()
        with connect(client, key) as socket:
            receive(socket)
            send(socket, type="upload", size_bytes=1000, name="a.wav", task="digits")
            socket.send_bytes(bytes(100))
            send(socket, type="sample", clip=sample_clips()[0].name)
            receive_until(socket, "token")
            assert server._stages[key]._upload is None


def test_no_key_is_logged(caplog):
    with caplog.at_level(logging.DEBUG), serving() as (server, client):
        key = server.issue_key()
        with connect(client, key) as socket:
            receive(socket)
            socket.send_text("{")
            receive_until(socket, "fault")
    assert key not in caplog.text


@pytest.mark.parametrize(
    "path", ["../live_server.py", "..%2flive_server.py", "%2e%2e/texts/en.toml", "/etc/passwd"]
)
@pytest.mark.parametrize("root", ["static", "clips"])
def test_static_routes_serve_their_own_folder_alone(path, root):
    with TestClient(Starlette(routes=routes())) as client:
        assert client.get(f"/cla/{root}/{path}").status_code in (404, 400)


def test_every_answer_carries_the_policy():
    async def page(_):
        return PlainTextResponse("x")

    app = Starlette(routes=[Route("/", page)], middleware=middleware())
    with TestClient(app) as client:
        for path in ("/", "/missing"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "'unsafe-eval'" not in policy
            assert "script-src 'self' blob: 'sha256-" in policy
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("wished", ["0", "-3", "many", "1.5"])
def test_a_limit_that_is_no_number_is_explained(monkeypatch, wished):
    monkeypatch.setenv("CLA_MAX_SESSIONS", wished)
    with pytest.raises(Exception, match="CLA_MAX_SESSIONS") as caught:
        max_sessions()
    assert caught.value.remedy

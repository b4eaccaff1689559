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
    receive_until,
    refusal,
    send,
    serving,
    wait_for,
)

from cla.capture import sample_clips
from cla.engine import Pause
from cla.server import connection
from cla.server import stage as stage_module
from cla.server.limits import MAX_MESSAGE_BYTES, MAX_VISITS, TokenBucket, max_sessions
from cla.server.stage import Stage

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
    with serving() as (server, client):
        assert refusal(client, server.invite().key, headers) == ("origin_foreign", 1008)


def test_keys_cannot_be_guessed_or_shared_out():
    with serving() as (server, client):
        keys = {server.invite().key for _ in range(1000)}
        assert len(keys) == 1000
        assert all(len(key) >= 32 for key in keys)
        for guess in ("", "0" * 32, next(iter(keys))[:-1], next(iter(keys)) + "A"):
            assert refusal(client, guess) == ("token_refused", 1008)


def test_very_many_keys_do_not_fill_the_memory():
    with serving() as (server, _):
        first = server.invite().key
        for _ in range(MAX_VISITS):
            server.invite()
        assert len(server._visits) == MAX_VISITS
        assert first not in server._visits


@pytest.mark.parametrize("kind", ["text", "bytes"])
def test_floods_end_the_connection_and_nothing_else(monkeypatch, kind):
    monkeypatch.setattr(connection, "message_bucket", lambda: TokenBucket(50, 0.1))
    with serving() as (server, client), connect(client, server.invite().key) as other:
        with connect(client, server.invite().key) as socket:
            for _ in range(100):
                socket.send_text("{}") if kind == "text" else socket.send_bytes(b"00")
            while not (fault := receive_until(socket, "fault"))["fatal"]:
                pass
            assert "too much" in fault["message"]
        receive(other)
        send(other, type="sample", clip=sample_clips()[0].name)
        assert receive_until(other, "token")["token"] == 0


def test_starts_without_end_are_refused_and_the_session_goes_on(monkeypatch):
    monkeypatch.setattr(connection, "work_bucket", lambda: TokenBucket(25, 0))
    with serving() as (server, client), connect(client, server.invite().key) as socket:
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
    real = stage_module.open_device

    def slow(asked, task):
        begun.set()
        assert go_on.wait(10)
        return real(asked, task)

    monkeypatch.setattr(stage_module, "open_device", slow)
    with serving(lost_grace_s=0) as (server, client):
        visit = server.invite()
        with connect(client, visit.key) as socket:
            receive(socket)
            stage = visit._stage
            send(socket, type="microphone", sample_rate_hz=16_000)
            assert begun.wait(10)
            client.portal.call(visit.end)
            go_on.set()
        wait_for(lambda: not stage._turn.locked() and stage.settings()["source"] is None)
        wait_for(lambda: not our_threads())


def test_files_that_hang_hold_up_nobody_else(monkeypatch):
    go_on, real = threading.Event(), Stage.do

    def hang(stage, asked):
        if asked == Pause():
            assert go_on.wait(20)
        real(stage, asked)

    monkeypatch.setattr(Stage, "do", hang)
    with serving(max_sessions=40) as (server, client), ExitStack() as stack:
        for _ in range(33):  # more than asyncio has threads by itself
            send(stack.enter_context(connect(client, server.invite().key)), type="pause")
        other = stack.enter_context(connect(client, server.invite().key))
        send(other, type="fast", fast=True)
        assert receive_until(other, "settings")["fast"]
        go_on.set()


def test_a_message_of_any_size_costs_its_sender_the_connection():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        socket.send_text(" " * (MAX_MESSAGE_BYTES + 1))
        assert receive_until(socket, "fault")["fatal"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_from_a_page_becomes_a_path(name, monkeypatch):
    opened = []
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        monkeypatch.setattr("builtins.open", lambda *path, **_: opened.append(path))
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
        connect(client, server.invite().key) as one,
        connect(client, server.invite().key) as other,
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
        visit = server.invite()
        with connect(client, visit.key) as socket:
            receive(socket)
            send(socket, type="upload", size_bytes=1000, name="a.wav", task="digits")
            socket.send_bytes(bytes(100))
            send(socket, type="sample", clip=sample_clips()[0].name)
            receive_until(socket, "token")
            assert not visit._stage.uploading


def test_no_key_is_logged(caplog):
    with caplog.at_level(logging.DEBUG), serving() as (server, client):
        key = server.invite().key
        with connect(client, key) as socket:
            receive(socket)
            socket.send_text("{")
            receive_until(socket, "fault")
    assert key not in caplog.text


@pytest.mark.parametrize("wished", ["0", "-3", "many", "1.5"])
def test_a_limit_that_is_no_number_is_explained(wished):
    with pytest.raises(Exception, match="CLA_MAX_SESSIONS") as caught:
        max_sessions({"CLA_MAX_SESSIONS": wished})
    assert caught.value.remedy

"""Broken connections: the session waits, the gap is recorded, places are given away."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from live_connection import (
    connect,
    metric,
    our_threads,
    receive,
    receive_until,
    refusal,
    send,
    serving,
    wait_for,
)
from starlette.websockets import WebSocketDisconnect

from cla.capture import sample_clips

CUT, LEFT = 1006, 1001
PACKET = np.zeros(1280, np.int16).tobytes()


def listen(socket):
    """A microphone that has given one token."""
    receive_until(socket, "hello")
    send(socket, type="microphone", sample_rate_hz=16000)
    socket.send_bytes(PACKET)
    assert receive_until(socket, "token")["token"] == 0


@pytest.mark.parametrize("cut_s", [0.5, 30])
def test_a_cut_is_a_gap_of_the_same_session(cut_s, monkeypatch):
    with serving(lost_grace_s=60) as (server, client):
        key = server.invite().key
        with connect(client, key) as socket:
            listen(socket)
            socket.close(CUT)
        slept_s = 0.5  # longer than a page that was left is waited for
        time.sleep(slept_s)
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + cut_s - slept_s)
        monkeypatch.setattr("cla.server.playing.time", clock)
        with connect(client, key) as socket:
            assert receive(socket)["source"] == "microphone"
            send(socket, type="lost", samples=round(cut_s * 16000))
            socket.send_bytes(PACKET)
            token = receive_until(socket, "token")
            assert token["token"] == 1
            assert token["gap_s"] == pytest.approx(cut_s)
            assert token["time_s"] == pytest.approx(2 * 0.08 + cut_s)
            socket.close(LEFT)


@pytest.mark.parametrize("samples", [-1, 10**9, 2**80])
def test_no_page_can_have_lost_more_than_there_was(samples):
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        listen(socket)
        send(socket, type="lost", samples=samples)
        said = receive_until(socket, "fault")["message"]
        assert "cannot have been lost" in said or "`$.samples`" in said
        socket.send_bytes(PACKET)
        assert receive_until(socket, "token")["gap_s"] == 0


def test_a_page_that_was_left_ends_soon_and_one_that_was_cut_off_later():
    with serving(lost_grace_s=60) as (server, client):
        for code in (CUT, LEFT):
            with connect(client, server.invite().key) as socket:
                listen(socket)
                socket.close(code)
        wait_for(lambda: len(our_threads()) == 1)
        # The one that is left is ended when the next page needs its place.
        server.host.max_sessions = 1
        with connect(client, server.invite().key) as socket:
            assert receive(socket)["source"] is None
            wait_for(lambda: not our_threads())
            socket.close(LEFT)


def test_a_page_without_a_place_finds_one_when_it_tries_again():
    with serving(max_sessions=1) as (server, client):
        key = server.invite().key
        with connect(client, server.invite().key) as first:
            receive(first)
            with connect(client, key) as second:
                fault = receive(second)
                assert not fault["fatal"]
                assert "again in 5 s" in fault["remedy"]
                with pytest.raises(WebSocketDisconnect) as closed:
                    receive(second)
                assert closed.value.code == 1013
            first.close(LEFT)
        wait_for(lambda: not server._with_place())
        with connect(client, key) as second:
            assert receive(second)["type"] == "hello"


def test_a_reloaded_page_is_another_one_and_the_old_one_ends():
    with serving() as (server, client):
        with connect(client, server.invite().key) as socket:
            listen(socket)
            socket.close(LEFT)
        with connect(client, server.invite().key) as socket:
            assert receive(socket)["source"] is None
            wait_for(lambda: not our_threads())


def test_a_monitor_sees_sessions_latency_and_drops():
    with serving() as (server, client):
        with connect(client, server.invite().key) as socket:
            listen(socket)
            send(socket, type="lost", samples=1600)
            socket.send_bytes(PACKET)
            receive_until(socket, "token")
            socket.send_bytes(b"odd")
            receive_until(socket, "fault")
            assert metric(client, "cla_sessions") == 1
            assert metric(client, "cla_sessions_limit") == 4
            assert metric(client, "cla_warm") == 1
            assert metric(client, "cla_tokens_total") == 2
            assert metric(client, "cla_gap_seconds_total") == pytest.approx(0.1)
            assert metric(client, "cla_queue_seconds_count") == 2
            assert metric(client, 'cla_compute_seconds_count{lane="full"}') == 2
        assert refusal(client, "no") == ("token_refused", 1008)
        assert metric(client, 'cla_refused_total{reason="token_refused"}') == 1
        wait_for(lambda: metric(client, "cla_sessions") == 0)


def test_what_a_monitor_sees_is_not_for_the_public():
    with serving() as (_, client):
        answer = client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
        assert answer.status_code == 404


def test_twenty_visits_half_of_them_cut_off_leave_nothing():
    with serving(max_sessions=2) as (server, client):
        for visit in range(20):
            with connect(client, server.invite().key) as socket:
                receive_until(socket, "hello")
                send(socket, type="sample", clip=sample_clips()[0].name)
                receive_until(socket, "token")
                socket.close(CUT if visit % 2 else LEFT)
        wait_for(lambda: not our_threads())
        assert not server._with_place()

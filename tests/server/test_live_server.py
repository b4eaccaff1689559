"""The live route: only this server's pages, within limits, and nothing left behind."""

import io

import numpy as np
import pytest
import soundfile
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
from starlette.websockets import WebSocket, WebSocketDisconnect

from cla.capture import sample_clips
from cla.server.limits import MAX_MESSAGE_BYTES


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}])
def test_other_origins_are_refused(headers):
    with serving() as (server, client):
        assert refusal(client, server.invite().key, headers) == ("origin_foreign", 1008)


def test_a_wrong_key_is_refused():
    with serving() as (_, client):
        assert refusal(client, "no") == ("token_refused", 1008)


def test_a_sample_plays_and_commands_act():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        assert receive(socket)["type"] == "hello"
        send(socket, type="sample", clip=sample_clips()[0].name)
        settings = receive_until(socket, "settings")
        assert settings["source"] == "sample"
        first = receive_until(socket, "token")
        assert first["token"] == 0
        assert [lane["lane"] for lane in first["lanes"]] == ["full", "continual_nystrom"]
        send(socket, type="landmarks", num_landmarks=4)
        assert receive_until(socket, "settings")["num_landmarks"] == 4
        send(socket, type="map", lane="full")
        assert receive_until(socket, "map")["arrays"][0][0] == "attention"
        send(socket, type="landmarks", num_landmarks=5)
        assert "num_landmarks=5" in receive_until(socket, "fault")["message"]
        send(socket, type="pause")
        while not receive_until(socket, "settings")["paused"]:
            pass


def test_microphone_packets_become_tokens():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="microphone", sample_rate_hz=16000)
        for _ in range(25):
            socket.send_bytes(np.zeros(640, np.int16).tobytes())
        assert receive_until(socket, "token")["token"] == 0
        socket.send_bytes(b"odd")
        assert "half a sample" in receive_until(socket, "fault")["message"]
        socket.send_bytes(np.zeros(6400, np.int16).tobytes())
        while receive_until(socket, "token")["token"] < 16:
            pass


def test_an_upload_plays_and_a_bad_one_is_refused():
    content = sample_clips()[0].path.read_bytes()
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="upload", size_bytes=5, name="bad.wav", task="digits")
        socket.send_bytes(b"hello")
        assert "sound" in receive_until(socket, "fault")["message"]
        send(socket, type="upload", size_bytes=10**9, name="huge.wav", task="digits")
        assert "MB" in receive_until(socket, "fault")["message"]
        send(socket, type="upload", size_bytes=len(content), name="clip.flac", task="digits")
        for start in range(0, len(content), 50_000):
            socket.send_bytes(content[start : start + 50_000])
        assert receive_until(socket, "token")["token"] == 0


def test_what_an_upload_holds_amiss_is_told_in_the_pages_language():
    samples = np.zeros((1, 16_000), np.int16)
    file = io.BytesIO()
    soundfile.write(file, samples.T, 16_000, format="WAV", subtype="PCM_16")
    content = bytearray(file.getvalue())
    content[40:44] = (16_000).to_bytes(4, "little")
    with serving() as (server, client), connect(client, f"{server.invite().key}&lang=de") as socket:
        send(socket, type="upload", size_bytes=len(content), name="half.wav", task="digits")
        socket.send_bytes(bytes(content))
        said = receive_until(socket, "notice")["message"]
    assert said.startswith("Die hochgeladene Datei hat einen Kopf")


def test_too_much_ends_the_connection_and_not_the_others():
    with serving() as (server, client), connect(client, server.invite().key) as good:
        receive(good)
        with connect(client, server.invite().key) as bad:
            bad.send_bytes(bytes(MAX_MESSAGE_BYTES + 2))
            assert receive_until(bad, "fault")["fatal"]
        send(good, type="sample", clip=sample_clips()[0].name)
        assert receive_until(good, "token")["token"] == 0


def test_garbage_leaves_the_session_running():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="sample", clip=sample_clips()[0].name)
        for text in ("{", "[]", '{"type": "nonsense"}'):
            socket.send_text(text)
            assert receive_until(socket, "fault")["remedy"]
        assert receive_until(socket, "token")["token"] >= 0


def test_the_house_is_full():
    with serving(max_sessions=1) as (server, client), connect(client, server.invite().key) as first:
        receive(first)
        with connect(client, server.invite().key) as second:
            assert "places are taken" in receive(second)["message"]


def test_a_page_that_comes_back_finds_its_session():
    with serving() as (server, client):
        key = server.invite().key
        with connect(client, key) as socket:
            send(socket, type="sample", clip=sample_clips()[0].name)
            receive_until(socket, "token")
        with connect(client, key) as socket:
            assert receive(socket)["source"] == "sample"
            assert receive_until(socket, "token")["token"] > 0


def test_a_tab_closed_mid_stream_leaves_nothing():
    with serving() as (server, client):
        for _ in range(5):
            with connect(client, server.invite().key) as socket:
                send(socket, type="sample", clip=sample_clips()[0].name)
                receive_until(socket, "token")
                assert len(our_threads()) >= 2
        wait_for(lambda: not our_threads())


def test_a_page_that_leaves_before_it_is_greeted_keeps_no_place(monkeypatch):
    greeted = []

    async def gone(_, data):
        greeted.append(data)
        raise WebSocketDisconnect(1006)

    with serving(max_sessions=1) as (server, client):
        with monkeypatch.context() as patched:
            patched.setattr(WebSocket, "send_bytes", gone)
            with connect(client, server.invite().key):
                wait_for(lambda: greeted)
        wait_for(lambda: not server._with_place())
        with connect(client, server.invite().key) as socket:
            assert receive(socket)["type"] == "hello"

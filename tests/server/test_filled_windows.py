"""The page's wish to have its windows filled: progress, refusals, and clips that it uploaded."""

import threading

import torch
from live_connection import connect, receive, receive_until, send, serving

from cla.models import LONGEST_WINDOW
from cla.server import filling


def test_windows_are_filled_while_it_plays():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="fill")
        assert receive_until(socket, "fault")["message"].startswith("Nothing is playing")
        send(socket, type="sample", clip="count")
        send(socket, type="window", window=LONGEST_WINDOW)
        receive_until(socket, "token")
        send(socket, type="fill")
        shares = [receive_until(socket, "fill")["share"]]
        while shares[-1] < 1:
            shares.append(receive_until(socket, "fill")["share"])
        assert shares == sorted(shares)
        token = receive_until(socket, "token")
        assert token["lanes"][1]["valid_tokens"] == LONGEST_WINDOW


def test_a_change_while_they_are_filled_is_refused(monkeypatch):
    release, usual = threading.Event(), filling.shipped_tokens
    monkeypatch.setattr(filling, "shipped_tokens", lambda *args: release.wait(60) and usual(*args))
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="sample", clip="count")
        receive_until(socket, "token")
        send(socket, type="fill")
        receive_until(socket, "fill")
        for asked in ({"type": "window", "window": 60}, {"type": "fill"}):
            send(socket, **asked)
            assert receive_until(socket, "fault")["message"] == "The windows are being filled."
        assert receive_until(socket, "token")["lanes"]
        release.set()
        while receive_until(socket, "fill")["share"] < 1:
            pass


def test_a_recording_that_cannot_be_read_is_said(monkeypatch):
    def fail(*_):
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(filling, "shipped_tokens", fail)
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="sample", clip="count")
        receive_until(socket, "token")
        send(socket, type="fill")
        assert "the disk is gone" in receive_until(socket, "fault")["message"]
        receive_until(socket, "token")
        assert receive(socket)["type"]


def test_a_task_without_clips_takes_those_of_its_medium():
    from dataclasses import replace

    from tiny_tasks import tiny_sound_task

    task = replace(tiny_sound_task(), name="own")
    tokens = filling.shipped_tokens(task, lambda _: None)
    assert len(tokens) >= filling.FEWEST
    assert tokens.shape[1] == 96
    assert torch.isfinite(tokens).all()
    assert filling.shipped_tokens(task, lambda _: None) is tokens

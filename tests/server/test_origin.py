"""Which pages count as open on this very machine."""

from types import SimpleNamespace

import pytest
from live_connection import connect, receive, receive_until, send, serving

from cla.errors import ClaError
from cla.server import live_server as server_module
from cla.server.origin import admits_local, is_local


def page(host="localhost:8501", client="127.0.0.1", origin=None, **more):
    origin = f"http://{host}" if origin is None else origin
    headers = {"host": host, "origin": origin, **more}
    return SimpleNamespace(headers=headers, client=SimpleNamespace(host=client) if client else None)


@pytest.mark.parametrize(
    "here",
    [
        page(),
        page("127.0.0.1:8501"),
        page("127.0.0.1:8501", "127.0.0.2"),
        page("[::1]:8501", "::1"),
        page("[::1]", "::1"),
        page("localhost", "::ffff:127.0.0.1"),
        page("LOCALHOST:8501"),
    ],
)
def test_pages_on_this_machine(here):
    assert is_local(here)


@pytest.mark.parametrize(
    "elsewhere",
    [
        page("demo.example"),
        page("localhost.example:8501"),
        page("localhost.:8501"),
        page("127.0.0.1.nip.io:8501"),
        page("localhost:8501@demo.example"),
        page("[::1"),
        page(""),
        page("192.168.0.7:8501"),
        page(client="10.0.0.7"),
        page(client="::ffff:10.0.0.7"),
        page(client="testclient"),
        page(client=None),  # a socket of the file system
        # A proxy that puts its own address into Host, before a page of another place.
        page(origin="https://demo.example"),
        page(origin="null"),
        page(origin=""),
        # Proxies that say so, whatever they claim.
        page(**{"x-forwarded-for": "127.0.0.1"}),
        page(**{"X-Forwarded-Proto": "https"}),
        page(forwarded="for=127.0.0.1"),
        page(via="1.1 proxy"),
        page(**{"cf-connecting-ip": "127.0.0.1"}),
        page(**{"x-real-ip": "::1"}),
    ],
)
def test_pages_elsewhere(elsewhere):
    assert not is_local(elsewhere)


@pytest.mark.parametrize(
    ("environment", "address", "expected"),
    [
        ({}, "localhost", True),
        ({}, "127.0.0.1", True),
        ({}, "::1", True),
        ({}, None, False),
        ({}, "0.0.0.0", False),
        ({}, "::", False),
        ({}, "192.168.0.7", False),
        ({}, "unix:///run/cla.sock", False),
        ({"CLA_LOCAL": "off"}, "localhost", False),
        ({"CLA_LOCAL": "on"}, None, True),
        ({"FORWARDED_ALLOW_IPS": "*"}, "localhost", False),
        ({"FORWARDED_ALLOW_IPS": "10.0.0.1", "CLA_LOCAL": "on"}, "localhost", True),
    ],
)
def test_a_server_that_others_reach_takes_no_page_for_its_users(environment, address, expected):
    assert admits_local(environment, address) is expected


def test_a_word_that_is_no_answer_is_refused():
    with pytest.raises(ClaError, match="CLA_LOCAL=yes"):
        admits_local({"CLA_LOCAL": "yes"}, "localhost")


def test_who_takes_over_a_session_of_this_machine_gets_neither_it_nor_devices(monkeypatch):
    with serving() as (server, client):
        key = server.invite().key
        monkeypatch.setattr(server_module, "is_local", lambda _: True)
        with connect(client, key) as socket:
            assert receive(socket)["local"]
            send(socket, type="upload", size_bytes=4, name="mine.wav", task="digits")
            receive_until(socket, "settings")
            monkeypatch.setattr(server_module, "is_local", lambda _: False)
            with connect(client, key) as other:
                hello = receive(other)
                assert (hello["local"], hello["source"]) == (None, None)
                send(other, type="device", kind="sound", index=0)
                assert "not for this page" in receive_until(other, "fault")["message"]

"""`cla serve --workers 2`: two processes behind one address, as one server."""

import json
import signal
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import psutil
import pytest
from serving_process import cla_serve, health, wait_until
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

MICROPHONE = {"type": "microphone", "sample_rate_hz": 16000}
PACKET = bytes(2560)


@pytest.fixture(scope="module")
def server():
    with cla_serve(workers=2, CLA_MAX_SESSIONS="8") as (process, url):
        yield psutil.Process(process.pid), url


class Session:
    """A client that sends silence."""

    def __init__(self, stack, url, key=""):
        address = f"{url.replace('http', 'ws', 1)}/v1/live?key={key}"
        self.socket = stack.enter_context(connect(address, ping_interval=None))
        self.hello = self.next("hello")
        self.key = self.hello["key"]
        self.worker = int(self.key.partition(".")[0])

    def next(self, kind):
        while (said := json.loads(self.socket.recv(timeout=60)))["type"] != kind:
            pass
        return said

    def begin(self):
        self.socket.send(json.dumps(MICROPHONE))
        return self.speak()

    def speak(self):
        self.socket.send(PACKET)
        return self.next("token")["token"]


def counted(url, name):
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        lines = [line.rpartition(" ") for line in answer.read().decode().splitlines()]
    return sum(float(value) for key, _, value in lines if key.partition("{")[0] == name)


def come_back(stack, url, key):
    """A connection that a dying process took is gone with it: clients come again."""
    with suppress(WebSocketException, OSError):
        return Session(stack, url, key)


def test_two_processes_are_one_server(server):
    process, url = server
    with ExitStack() as stack:
        address = urlsplit(url)
        # Who says nothing keeps nobody waiting.
        silent = socket.create_connection((address.hostname, address.port))
        stack.enter_context(silent)
        sessions = [Session(stack, url) for _ in range(4)]
        assert sorted(session.worker for session in sessions) == [0, 0, 1, 1]
        assert [session.begin() for session in sessions] == [0] * 4
        wait_until(lambda: health(url)["sessions"] == 4)
        assert (health(url)["places"], health(url)["workers"]) == (8, 2)
        wait_until(lambda: counted(url, "cla_sessions") == 4)
        assert counted(url, "cla_tokens_total") == 4
        assert counted(url, "process_resident_memory_bytes") > 2**28

        # A session is found where it is, whoever has more room.
        for index, session in enumerate(sessions):
            session.socket.socket.shutdown(socket.SHUT_RDWR)
            again = sessions[index] = Session(stack, url, session.key)
            assert (again.worker, again.hello["source"]) == (session.worker, "microphone")
            assert again.speak() == 1

        # One process dies: sessions of the other notice nothing, and another one takes its place.
        dead = sessions[0]
        children = process.children()
        next(one for one in children if one.cmdline()[-1].startswith(f"{dead.worker}:")).kill()
        living = [session for session in sessions if session.worker != dead.worker]
        assert [session.speak() for session in living] == [2, 2]
        new = wait_until(lambda: come_back(stack, url, dead.key))
        assert new.hello["source"] is None
        assert new.begin() == 0
        wait_until(lambda: health(url)["workers"] == 2, 120)
        assert Session(stack, url).worker == dead.worker, "the new process has most room"
        assert [session.speak() for session in living] == [3, 3]
        assert counted(url, "cla_tokens_total") >= 4 + 4 + 5, "what the dead one counted stays"


def test_sigterm_lets_sessions_of_all_workers_go_on(server):
    process, url = server
    with ExitStack() as stack:
        sessions = [Session(stack, url) for _ in range(2)]
        for session in sessions:
            session.begin()
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: stopping(url))
        assert [session.speak() for session in sessions] == [1, 1]
        for session in sessions:
            session.socket.send(json.dumps({"type": "end"}))
            session.next("ended")
            session.socket.close(1000)
    assert process.wait(60) == 0


def stopping(url):
    try:
        health(url)
    except urllib.error.HTTPError as answer:
        return json.load(answer)["status"] == "stopping"

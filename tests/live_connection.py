"""A live server and pages that talk to it, without a browser."""

import json
import struct
import threading
import time
from contextlib import contextmanager
from copy import copy
from functools import cache

from starlette.applications import Starlette
from starlette.testclient import TestClient
from tiny_tasks import tiny_video_task

from cla.models import load_task
from cla.server import Host, LiveServer, TaskOffer

ORIGIN = {"origin": "http://testserver"}


def our_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("cla-")]


def wait_for(condition, timeout=60.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.01)


@cache
def offer():
    """Two tasks; their features are tried once for all tests."""
    return TaskOffer([load_task(), tiny_video_task()])


@contextmanager
def serving(max_sessions=4, lost_grace_s=0.2, store=None, kernels=None):
    host = Host(
        copy(offer()),
        store=store,
        kernels=kernels,
        max_sessions=max_sessions,
        grace_s=0.2,
        lost_grace_s=lost_grace_s,
        local=True,
    )
    server = LiveServer(host)
    with TestClient(Starlette(routes=server.routes())) as client:
        yield server, client
        wait_for(lambda: not our_threads())


def connect(client, key, headers=ORIGIN):
    return client.websocket_connect(f"/live?key={key}", headers=headers)


def receive_one(client, key, headers):
    with connect(client, key, headers) as socket:
        return socket.receive_bytes()


def receive(socket):
    message = socket.receive_bytes()
    length = struct.unpack_from("<I", message)[0]
    return json.loads(message[4 : 4 + length])


def receive_until(socket, kind):
    while True:
        header = receive(socket)
        if header["type"] == kind:
            return header


def send(socket, **message):
    socket.send_text(json.dumps(message))


def metric(client, name, headers=None):
    answer = client.get("/metrics", headers=headers)
    lines = [line.rpartition(" ") for line in answer.text.splitlines()]
    return next((float(value) for key, _, value in lines if key == name), None)

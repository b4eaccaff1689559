"""A live server and pages that talk to it, without a browser."""

import json
import struct
import threading
import time
from contextlib import contextmanager
from copy import copy
from functools import cache

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tiny_tasks import tiny_video_task

from cla.models import load_task
from cla.server import Host, LiveServer, TaskOffer
from cla.server.access import Access

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
def serving(max_sessions=4, lost_grace_s=0.2, store=None, kernels=None, access=Access()):  # noqa: B008
    host = Host(
        copy(offer()),
        store=store,
        kernels=kernels,
        max_sessions=max_sessions,
        grace_s=0.2,
        lost_grace_s=lost_grace_s,
        local=True,
        access=access,
    )
    server = LiveServer(host)
    with TestClient(Starlette(routes=server.routes())) as client:
        yield server, client
        wait_for(lambda: not our_threads())


def connect(client, key, headers=ORIGIN):
    return client.websocket_connect(f"/v1/live?format=arrays&key={key}", headers=headers)


def refusal(client, key, headers=ORIGIN):
    """Why a connection is refused: the key of what is said, and the code of its end."""
    with connect(client, key, headers) as socket:
        fault = receive(socket)
        assert (fault["type"], fault["fatal"]) == ("fault", True)
        with pytest.raises(WebSocketDisconnect) as closed:
            receive(socket)
        return fault["key"], closed.value.code


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

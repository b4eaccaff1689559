"""A page may go while it is told something: its connection ends, and nothing else happens."""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.websockets import WebSocket
from tiny_tasks import tiny_video_task

from cla.server import Host, LiveServer, TaskOffer, connection
from cla.server.limits import TokenBucket


class Page:
    """A connection below Starlette, over which only so many messages reach the page.

    Args:
        error: what the server's protocol raises then.
        says: what the page sends, before it is silent.
    """

    def __init__(self, key, reached, error, says=()):
        self.scope = {
            "type": "websocket",
            "path": "/v1/live",
            "path_params": {"version": 1},
            "query_string": f"format=arrays&key={key}".encode(),
            "headers": [(b"host", b"testserver"), (b"origin", b"http://testserver")],
            "client": ("10.0.0.7", 1),
            "subprotocols": [],
        }
        self.left, self.error = reached, error
        self.says = [{"type": "websocket.connect"}]
        self.says += [{"type": "websocket.receive", "text": json.dumps(one)} for one in says]

    async def receive(self):
        if self.says:
            return self.says.pop(0)
        await asyncio.sleep(0.05)
        return {"type": "websocket.disconnect", "code": 1006}

    async def send(self, _):
        if not self.left:
            raise self.error
        self.left -= 1


def run(serve):
    """In a thread of its own: a browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, serve()).result()


def visit(server, reached, error, says=()):
    """Serve one page from its coming to its end, and everything that follows from it."""

    async def serve():
        page = Page(server.invite().key, reached, error, says)
        await server.endpoint(WebSocket(page.scope, page.receive, page.send))
        deadline = asyncio.get_running_loop().time() + 10
        while server._with_place() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)

    run(serve)
    assert not server._with_place()


ERRORS = [OSError("gone"), RuntimeError('Cannot call "send" once a close message has been sent.')]


def server_of(places):
    offer = TaskOffer([tiny_video_task()])
    return LiveServer(Host(offer, max_sessions=places, grace_s=0, lost_grace_s=0))


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("reached", range(4))
def test_a_page_that_goes_while_it_is_told_that_all_places_are_taken(reached, error, caplog):
    with caplog.at_level(logging.ERROR):
        visit(server_of(0), reached, error)
    assert caplog.records == []


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("reached", range(5))
def test_a_page_that_goes_while_it_is_answered(reached, error, caplog):
    says = [{"type": "camera"}, {"type": "nothing"}, {"type": "stop"}]
    with caplog.at_level(logging.ERROR):
        visit(server_of(1), reached, error, says)
    assert caplog.records == []


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("reached", range(2, 4))
def test_a_page_that_goes_while_it_is_told_that_it_sends_too_much(
    reached, error, caplog, monkeypatch
):
    monkeypatch.setattr(connection, "message_bucket", lambda: TokenBucket(0, 0))
    with caplog.at_level(logging.ERROR):
        visit(server_of(1), reached, error, [{"type": "stop"}])
    assert caplog.records == []


def test_a_page_that_no_longer_has_a_key_may_go_too():
    server = server_of(1)

    async def serve():
        page = Page("none", 0, OSError("gone"))
        await server.endpoint(WebSocket(page.scope, page.receive, page.send))

    run(serve)

"""A server whose connections another process accepts: one of the workers of `cla serve`."""

import asyncio
import json
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from cla.server.live_server import LiveServer
from cla.server.service import Service

LOOK_TICKS = 10
"""Ticks of 0.1 s between two looks at what monitors are told of this process."""
MOST_AT_ONCE = 64
"""Connections that are taken at once."""


@dataclass(frozen=True)
class OneRequest:
    """Ends each connection with its answer: the next request may be another worker's."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def closing(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, closing if scope["type"] == "http" else send)


class WorkerService(Service):
    """Serves connections that come through a link, and tells there how much room there is.

    It stops when the link breaks, as on SIGTERM.

    Args:
        link: to the process that accepts connections.
    """

    def __init__(self, live: LiveServer, scripts: Path, link: socket.socket, **named: Any) -> None:
        super().__init__(live, scripts, **named)
        self.config.app = OneRequest(self.config.app)  # type: ignore[arg-type]
        link.setblocking(False)
        self._link = link
        self._said = b""
        self._heard = b""
        self._beginning: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_reader(self._link, self._take)

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now; tells what has changed."""
        self._tell()
        if counter % LOOK_TICKS == 0:
            self._live.host.metrics.refresh()
        return await super().on_tick(counter)

    def _take(self) -> None:
        """Take connections, and what is said of all workers."""
        loop = asyncio.get_running_loop()
        try:
            data, descriptors, _, _ = socket.recv_fds(self._link, 2**16, MOST_AT_ONCE)
        except OSError:
            data, descriptors = b"", []
        if not data:
            loop.remove_reader(self._link)
            self.stop_gently()
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            connection.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in filter(None, lines):
            self._live.whole = json.loads(line)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _tell(self) -> None:
        said = json.dumps(self._live.room()).encode()
        if said != self._said:
            try:
                self._link.send(said + b"\n")
                self._said = said
            except OSError:
                pass  # at the next tick

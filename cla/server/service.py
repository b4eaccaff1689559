"""The server without pages: its routes, listening, and an orderly end."""

import logging
import signal
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from cla.errors import ClaError
from cla.server.limits import MAX_MESSAGE_BYTES
from cla.server.live_server import LiveServer
from cla.server.logs import told

TRANSPORT_BYTES = 4 * MAX_MESSAGE_BYTES
"""A message beyond that ends its connection without a word: nobody holds it in memory."""
CLOSING_S = 5


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: a certificate with those that vouch for it, and its key."""

    chain: Path
    key: Path


def routes(live: LiveServer, scripts: Path) -> list[BaseRoute]:
    """What a live server answers, and the scripts with which browsers speak to it.

    Args:
        scripts: the folder of `client.js`.
    """
    return [*live.routes(), Mount("/static", StaticFiles(directory=scripts))]


def _root(page: Path | None) -> list[BaseRoute]:
    """Raises:
    ClaError: there is no such page.
    """
    if page is None:
        return []
    try:
        content = page.read_bytes()
    except OSError as error:
        raise ClaError("page_not_read", page=page, reason=error.strerror) from error
    return [Route("/", lambda _: HTMLResponse(content))]


_LOG = logging.getLogger(__name__)


class Service(uvicorn.Server):
    """Serves until it is stopped.

    SIGTERM lets the sessions that there are go on for a while and takes no new ones; SIGINT, and a
    second SIGTERM, end it at once, with code 1012 for each connection.

    Args:
        page: a file that is served at the root.
        drain_s: how long sessions may go on at most.
    """

    def __init__(
        self,
        live: LiveServer,
        scripts: Path,
        *,
        page: Path | None = None,
        certificate: Certificate | None = None,
        drain_s: float = 30.0,
    ) -> None:
        self._live = live
        self._drain_s = drain_s
        self._until_s = float("inf")
        self._interrupted = False
        super().__init__(
            uvicorn.Config(
                Starlette(routes=[*routes(live, scripts), *_root(page)]),
                log_config=None,
                access_log=False,  # keys stand in queries
                ssl_certfile=certificate.chain if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
                ssl_version=ssl.PROTOCOL_TLS_SERVER,
                ws_max_size=TRANSPORT_BYTES,
                ws_per_message_deflate=False,  # spares rows a tenth for 0.3 ms of a processor
                timeout_graceful_shutdown=CLOSING_S,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if sig == signal.SIGTERM and not self._live.stopping:
            self.stop_gently()
        else:
            self._interrupted |= sig == signal.SIGINT
            super().handle_exit(sig, frame)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is stopped; raises KeyboardInterrupt after SIGINT."""
        super().run(sockets)
        if self._interrupted:  # not all event loops raise it
            raise KeyboardInterrupt

    def stop_gently(self) -> None:
        """Take no new sessions; those that there are go on for a while."""
        self._live.stopping = True
        self._until_s = time.monotonic() + self._drain_s
        _LOG.info("stopping", extra=told(sessions=self._live.sessions, at_most_s=self._drain_s))

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        if self._live.stopping and (not self._live.sessions or time.monotonic() > self._until_s):
            return True
        return await super().on_tick(counter)

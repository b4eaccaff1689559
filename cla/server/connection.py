"""The WebSocket of a client: limits what it sends, and says things in its format and language."""

import logging
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from cla.engine import FaultRecord, Record
from cla.errors import ClaError
from cla.server.formats import FORMATS, JSON
from cla.server.limits import MAX_MESSAGE_BYTES, byte_bucket, message_bucket, work_bucket
from cla.server.logs import told
from cla.server.messages import Message, cost_of
from cla.server.metrics import Metrics
from cla.server.wire import Arrays, message_of
from cla.texts import choose

LEAVES = (1000, 1001)
"""Codes with which a page closes that has been left; all others are accidents."""
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013
CLOSED = 1006
"""What stands for the code of a connection that ended without one."""
NOTHING: Arrays = MappingProxyType({})


_LOG = logging.getLogger(__name__)


class Connection:
    """A client's WebSocket, a page's or a program's.

    Args:
        local: whether it is a page that is open on this very machine.
    """

    def __init__(self, socket: WebSocket, metrics: Metrics, *, local: bool) -> None:
        self.local = local
        self.language = choose(socket.query_params.get("lang"))
        self._format = socket.query_params.get("format", JSON)
        self._write = FORMATS.get(self._format, FORMATS[JSON])
        self._socket = socket
        self._metrics = metrics
        self._messages, self._bytes, self._work = message_bucket(), byte_bucket(), work_bucket()

    async def accept(self) -> None:
        """Let the client in.

        Raises:
            WebSocketDisconnect: it has gone.
        """
        await _reaching(self._socket.accept())

    def check_format(self) -> None:
        """Look at the format that the client wishes; a refusal itself is said in JSON.

        Raises:
            ClaError: it is unknown.
        """
        if self._format not in FORMATS:
            raise ClaError("format_unknown", format=self._format, choices=", ".join(FORMATS))

    async def refuse(self, reason: str, code: int, fault: FaultRecord | None = None) -> None:
        """Count and close a connection that is not to be, and say why where that helps."""
        self._metrics.refused.labels(reason).inc()
        _LOG.info("refused", extra=told(reason=reason, code=code))
        with suppress(WebSocketDisconnect):
            if fault:
                await self.tell(fault)
        await self.close(code)

    async def receive(self) -> bytes | str:
        """What the page sends next.

        Raises:
            WebSocketDisconnect: it has gone, or has been sent away because it sends too much.
        """
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or CLOSED)
        data: bytes | str | None = message.get("bytes")
        if data is None:
            data = message.get("text") or ""
        size = len(data)
        error: ClaError | None = None
        if size > MAX_MESSAGE_BYTES:
            error = ClaError("message_too_large", size=size, most=MAX_MESSAGE_BYTES)
        elif not self._messages.spend(1) or not self._bytes.spend(size):
            error = ClaError("too_much_sent")
        if error:
            await self.refuse(error.key, POLICY_VIOLATION, FaultRecord(error, fatal=True))
            raise WebSocketDisconnect(LEAVES[0])
        return data

    def charge(self, asked: Message) -> None:
        """Count what a message asks for.

        Raises:
            ClaError: that is more than a page may ask for in so short a time.
        """
        if not self._work.spend(cost_of(asked)):
            self._metrics.refused.labels("work").inc()
            raise ClaError("asked_too_often")

    async def say(self, header: Mapping[str, Any], arrays: Arrays = NOTHING) -> None:
        """Say something; a client that is slow to take it is waited for.

        Raises:
            WebSocketDisconnect: it has gone.
        """
        message = self._write(header, arrays)
        if isinstance(message, str):
            await _reaching(self._socket.send_text(message))
        else:
            await _reaching(self._socket.send_bytes(message))

    async def tell(self, record: Record) -> None:
        """Send a record.

        Raises:
            WebSocketDisconnect: the page has gone.
        """
        await self.say(*message_of(record, self.language))

    async def close(self, code: int) -> None:
        """End the connection, whether or not the page is still there."""
        with suppress(WebSocketDisconnect):
            await _reaching(self._socket.close(code))


async def _reaching(sent: Awaitable[None]) -> None:
    """Wait until something has been sent to a page.

    Raises:
        WebSocketDisconnect: the page has gone, or its connection was closed meanwhile.
    """
    try:
        await sent
    except (OSError, RuntimeError) as closed:  # what Starlette and uvicorn say of a closed one
        raise WebSocketDisconnect(CLOSED) from closed

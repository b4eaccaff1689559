"""The WebSocket of a page: limits what it sends, and sends messages in its language."""

from collections.abc import Awaitable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from cla.engine import FaultRecord, Record
from cla.errors import ClaError
from cla.server.limits import MAX_MESSAGE_BYTES, byte_bucket, message_bucket, work_bucket
from cla.server.messages import Message, cost_of
from cla.server.metrics import Metrics
from cla.server.wire import encode_record
from cla.texts import choose

LEAVES = (1000, 1001)
"""Codes with which a page closes that has been left; all others are accidents."""
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013
CLOSED = 1006
"""What stands for the code of a connection that ended without one."""


class Connection:
    """A page's WebSocket.

    Args:
        local: whether the page is open on this very machine.
    """

    def __init__(self, socket: WebSocket, metrics: Metrics, *, local: bool) -> None:
        self.local = local
        self.language = choose(socket.query_params.get("lang"))
        self._socket = socket
        self._metrics = metrics
        self._messages, self._bytes, self._work = message_bucket(), byte_bucket(), work_bucket()

    async def accept(self) -> None:
        """Let the page in.

        Raises:
            WebSocketDisconnect: it has gone.
        """
        await _reaching(self._socket.accept())

    async def refuse(self, reason: str, code: int, fault: FaultRecord | None = None) -> None:
        """Count and close a connection that is not to be, and say why where that helps."""
        self._metrics.refused.labels(reason).inc()
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
        if size > MAX_MESSAGE_BYTES or not self._messages.spend(1) or not self._bytes.spend(size):
            fault = FaultRecord(ClaError("page_sends_too_much"), fatal=True)
            await self.refuse("rate", POLICY_VIOLATION, fault)
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

    async def send(self, message: bytes) -> None:
        """Send a message; a page that is slow to take it is waited for.

        Raises:
            WebSocketDisconnect: the page has gone.
        """
        await _reaching(self._socket.send_bytes(message))

    async def tell(self, record: Record) -> None:
        """Send a record.

        Raises:
            WebSocketDisconnect: the page has gone.
        """
        await self.send(encode_record(record, self.language))

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

"""The live sessions of one server: who may connect, and what ends when nobody does."""

import asyncio
import contextlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from cla.capture import local_devices
from cla.engine import FaultRecord
from cla.errors import ClaError
from cla.models import TaskModel
from cla.view.limits import (
    GRACE_S,
    MAX_MESSAGE_BYTES,
    MAX_SESSIONS,
    byte_allowance,
    message_allowance,
)
from cla.view.messages import handle_text
from cla.view.origin import is_local, same_origin
from cla.view.recordings import RecordingStore
from cla.view.shelf import Shelf
from cla.view.stage import Stage, fault_of
from cla.view.texts import choose
from cla.view.wire import encode, encode_record

MAX_TOKENS = 10_000
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class LiveServer:
    """Accepts the pages' connections, one session each.

    Args:
        tasks: what can be recognized, by name.
        hello: what every page is told on connecting.
        store: where sessions are recorded; None where nothing is.
        grace_s: time a session waits for its page to come back.
    """

    def __init__(
        self,
        tasks: Mapping[str, TaskModel],
        hello: dict[str, object],
        *,
        store: RecordingStore | None = None,
        max_sessions: int = MAX_SESSIONS,
        grace_s: float = GRACE_S,
    ) -> None:
        self.tasks = tasks
        self._hello = {**hello, "records": store is not None}
        self.store = store
        self._max_sessions = max_sessions
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._stages: dict[str, Stage] = {}
        self._connected: dict[str, WebSocket] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}

    def issue_key(self) -> str:
        """A secret with which one page may connect; the oldest of very many expire."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._keys[key] = None
            while len(self._keys) > MAX_TOKENS:
                self._keys.popitem(last=False)
        return key

    def shelf(self, key: str, *, local: bool) -> Shelf | None:
        """The recordings of the page with this key; None where nothing is recorded."""
        if self.store is None:
            return None
        return self.store.own if local else self.store.visitor(key)

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        key = socket.query_params.get("key", "")
        with self._lock:
            known = key in self._keys
        if not known or not same_origin(socket):
            await socket.close(POLICY_VIOLATION)
            return
        await socket.accept()
        if key not in self._stages and len(self._stages) >= self._max_sessions:
            fault = FaultRecord(
                f"All {self._max_sessions} places are taken.", "Try again in a minute.", fatal=True
            )
            await socket.send_bytes(encode_record(fault, _language(socket)))
            await socket.close(TRY_AGAIN_LATER)
            return
        await self._serve(socket, key)

    async def _serve(self, socket: WebSocket, key: str) -> None:
        await self._replace_connection(socket, key)
        news = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_record() -> None:
            # The loop may be gone when the server shuts down.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(news.set)

        local = is_local(socket)
        if key not in self._stages:
            shelf = self.shelf(key, local=local)
            self._stages[key] = Stage(self.tasks, on_record, local=local, shelf=shelf)
        stage = self._stages[key]
        stage.set_listener(on_record)
        news.set()
        devices = asdict(await asyncio.to_thread(local_devices)) if local else None
        hello = {"type": "hello", **self._hello, "local": devices, **stage.settings()}
        await socket.send_bytes(encode(hello, {}))
        pump = asyncio.create_task(_pump(socket, stage, news))
        try:
            await _receive(socket, stage)
        except WebSocketDisconnect:
            pass
        finally:
            pump.cancel()
            if self._connected.get(key) is socket:
                del self._connected[key]
                self._closing[key] = loop.call_later(self._grace_s, self._end, key)

    async def _replace_connection(self, socket: WebSocket, key: str) -> None:
        """A page that comes back takes its session over from its broken connection."""
        waiting = self._closing.pop(key, None)
        if waiting:
            waiting.cancel()
        old = self._connected.get(key)
        self._connected[key] = socket
        if old and old.client_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError):
                await old.close(POLICY_VIOLATION)

    def _end(self, key: str) -> None:
        self._closing.pop(key, None)
        stage = self._stages.pop(key, None)
        if stage:
            # Joining threads must not hold up the other pages.
            asyncio.get_running_loop().run_in_executor(None, stage.stop)


def _language(socket: WebSocket) -> str:
    """The language of the page at the other end."""
    return choose(socket.query_params.get("lang"))


async def _receive(socket: WebSocket, stage: Stage) -> None:
    messages, volume = message_allowance(), byte_allowance()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        data, text = message.get("bytes"), message.get("text")
        size = len(data) if data is not None else len(text or "")
        if size > MAX_MESSAGE_BYTES or not messages.spend(1) or not volume.spend(size):
            fault = FaultRecord("The page sends too much.", "Reload the page.", fatal=True)
            await socket.send_bytes(encode_record(fault, _language(socket)))
            await socket.close(POLICY_VIOLATION)
            return
        try:
            if data is not None:
                await asyncio.to_thread(stage.take_bytes, data)
            else:
                await asyncio.to_thread(handle_text, stage, text or "")
        except ClaError as error:
            await socket.send_bytes(encode_record(fault_of(error), _language(socket)))
        if text is not None:
            await socket.send_bytes(encode({"type": "settings", **stage.settings()}, {}))


async def _pump(socket: WebSocket, stage: Stage, news: asyncio.Event) -> None:
    """Send what the session records as it comes."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await news.wait()
            news.clear()
            for record in stage.drain():
                await socket.send_bytes(encode_record(record, _language(socket)))
            if stage.ended():
                await socket.send_bytes(encode({"type": "ended"}, {}))

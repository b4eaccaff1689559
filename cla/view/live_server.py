"""The live sessions of one server: who may connect, and what ends when nobody does."""

import asyncio
import contextlib
import functools
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol, TypeVar
from weakref import WeakValueDictionary

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from cla.capture import LocalDevices, local_devices
from cla.engine import FaultRecord, Kernels, KernelStatus
from cla.errors import ClaError
from cla.models import TaskModel
from cla.view.limits import (
    DEFAULT_SESSIONS,
    GRACE_S,
    LOST_GRACE_S,
    MAX_MESSAGE_BYTES,
    byte_allowance,
    message_allowance,
    work_allowance,
)
from cla.view.messages import cost_of, do_message, read_message
from cla.view.metrics import Metrics
from cla.view.origin import is_local, same_origin
from cla.view.recordings import RecordingStore
from cla.view.shelf import Shelf
from cla.view.stage import Stage, fault_of
from cla.view.texts import Texts, choose
from cla.view.texts.faults import translated
from cla.view.wire import encode, encode_record, lane_headers

MAX_TOKENS = 10_000
LEAVES = (1000, 1001)
"""Codes with which a page closes that has been left; all others are accidents."""
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013
CLOSED = 1006
"""What stands for the code of a connection that ended without one."""
KERNELS_POLL_S = 0.5
NO_DEVICE = ("no_microphone", "no_camera")

P = ParamSpec("P")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


class Offered(Protocol):
    """A task for one page alone, and what that page is told of it."""

    @property
    def task(self) -> TaskModel: ...

    @property
    def shown(self) -> dict[str, Any]: ...

    @property
    def address(self) -> str: ...


class LiveServer:
    """Accepts the pages' connections, one session each.

    Args:
        tasks: what can be recognized, by name.
        waiting: what could be too, once its weights are fetched.
        hello: what every page is told on connecting.
        store: where sessions are recorded; None where nothing is.
        grace_s: time a session waits for its page after it was left.
        lost_grace_s: the same after its connection broke; when all places are taken, the session
            that has waited longest gives its own up.
        local: whether pages may count as open on this very machine.
        kernels: what lanes change over to when they are ready; without them lanes step by compiled
            kernels from the beginning.
    """

    def __init__(
        self,
        tasks: Mapping[str, TaskModel],
        hello: dict[str, Any],
        *,
        waiting: Mapping[str, TaskModel] = MappingProxyType({}),
        store: RecordingStore | None = None,
        max_sessions: int = DEFAULT_SESSIONS,
        grace_s: float = GRACE_S,
        lost_grace_s: float = LOST_GRACE_S,
        local: bool = False,
        kernels: Kernels | None = None,
    ) -> None:
        self.tasks = tasks
        self.admits_local = local
        self.waiting = waiting
        self._hello = {**hello, "records": store is not None}
        self.store = store
        self.metrics = Metrics(max_sessions)
        self._max_sessions = max_sessions
        self._grace_s = grace_s
        self._lost_grace_s = lost_grace_s
        self._kernels = kernels
        self.metrics.warm.set_function(lambda: float(kernels is None or kernels.ready))
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._offered: WeakValueDictionary[str, Offered] = WeakValueDictionary()
        self._addressed: WeakValueDictionary[str, Offered] = WeakValueDictionary()
        self._stages: dict[str, Stage] = {}
        self._connected: dict[str, WebSocket] = {}
        # A thread for each page's work and one for its end: a file that hangs holds up nobody else.
        self._workers = ThreadPoolExecutor(2 * max_sessions + 1, thread_name_prefix="page")
        self._closing: dict[str, asyncio.TimerHandle] = {}

    def issue_key(self) -> str:
        """A secret with which one page may connect; the oldest of very many expire."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._keys[key] = None
            while len(self._keys) > MAX_TOKENS:
                self._keys.popitem(last=False)
        return key

    def offer(self, key: str, offered: Offered) -> None:
        """Let the page with this key run one more task, as long as somebody keeps it."""
        self._offered[key] = self._addressed[offered.address] = offered

    def offered(self, address: str) -> Offered | None:
        """The task of this secret name, as long as somebody keeps it."""
        return self._addressed.get(address)

    def admit(self, shown: dict[str, Any]) -> None:
        """A task that waited can run from now on; `shown` is what pages are told of it."""
        name = shown["name"]
        with self._lock:
            if name not in self.waiting:
                return
            self.tasks = {**self.tasks, name: self.waiting[name]}
            self.waiting = {other: one for other, one in self.waiting.items() if other != name}
            told = [shown if one["name"] == name else one for one in self._hello["tasks"]]
            self._hello = {**self._hello, "tasks": told}

    def release(self, key: str) -> None:
        """The visitor with this key has gone, and what was theirs goes too."""
        self._offered.pop(key, None)
        if self.store:
            self.store.release(key)

    def shelf(self, key: str, *, local: bool) -> Shelf | None:
        """The recordings of the page with this key; None where nothing is recorded."""
        if self.store is None:
            return None
        return self.store.own if local else self.store.visitor(key)

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until it ends; a page may go at any moment of it."""
        with contextlib.suppress(WebSocketDisconnect):
            await self._admit(socket)

    async def _admit(self, socket: WebSocket) -> None:
        key = socket.query_params.get("key", "")
        with self._lock:
            known = key in self._keys
        if not known or not same_origin(socket):
            self.metrics.refused.labels("origin" if known else "key").inc()
            await _reaching(socket.close(POLICY_VIOLATION))
            return
        await _reaching(socket.accept())
        if not self._has_place(key):
            self.metrics.refused.labels("full").inc()
            fault = FaultRecord(
                f"All {self._max_sessions} places are taken.",
                "This page tries again by itself until one is free.",
            )
            await _reaching(socket.send_bytes(encode_record(fault, _language(socket))))
            await _reaching(socket.close(TRY_AGAIN_LATER))
            return
        await self._serve(socket, key)

    def _has_place(self, key: str) -> bool:
        """Whether there is a place for this page; one that waits for a lost page is given away."""
        if key in self._stages or len(self._stages) < self._max_sessions:
            return True
        if not self._closing:
            return False
        longest = next(iter(self._closing))
        self._closing[longest].cancel()
        self._end(longest)
        return True

    async def _serve(self, socket: WebSocket, key: str) -> None:
        await self._replace_connection(socket, key)
        news = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_record() -> None:
            if not news.is_set():
                # The loop may be gone when the server shuts down.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(news.set)

        local = self.admits_local and is_local(socket)
        pump = path = code = None
        try:
            stage = self._stage(key, on_record, local=local)
            offered = self._offered.get(key)
            if offered:
                await self._work(_in_turn, stage, stage.offer, offered.task)
            news.set()
            devices = await self._work(local_devices) if local else None
            hello = {
                "type": "hello",
                **self._greeting(socket, devices, offered),
                **stage.settings(),
                "lanes": lane_headers(stage.lanes),
            }
            await _reaching(socket.send_bytes(encode(hello, {})))
            pump = asyncio.create_task(self._pump(socket, stage, news))
            path = asyncio.create_task(self._tell_path(socket))
            code = await self._receive(socket, stage)
        except WebSocketDisconnect as left:
            code = left.code
        finally:
            for task in filter(None, (pump, path)):
                task.cancel()
            if self._connected.get(key) is socket:
                del self._connected[key]
                grace_s = self._grace_s if code in LEAVES else self._lost_grace_s
                self._closing[key] = loop.call_later(grace_s, self._end, key)
                self._count()

    def _stage(self, key: str, on_record: Callable[[], None], *, local: bool) -> Stage:
        """The stage of this page; one of this machine's user is for pages on it alone."""
        stage = self._stages.get(key)
        if stage and stage.local is not local:
            self._end(key)
            stage = None
        if stage is None:
            shelf = self.shelf(key, local=local)
            stage = self._stages[key] = Stage(
                self.tasks, on_record, local=local, shelf=shelf, kernels=self._kernels
            )
            self._count()
        stage.set_listener(on_record)
        stage.know(self.tasks)
        return stage

    def _greeting(
        self, socket: WebSocket, devices: LocalDevices | None, offered: Offered | None
    ) -> dict[str, Any]:
        """What a page is told of the server, in its language."""
        say = Texts(_language(socket))
        tasks = [
            {**shown, "problem": translated(say, shown["problem"])}
            for shown in self._hello["tasks"]
        ]
        local: dict[str, Any] = asdict(devices) if devices else {}
        missing = {name: translated(say, local[name]) for name in NO_DEVICE if local}
        own = [offered.shown] if offered else []
        return {
            **self._hello,
            "device_note": translated(say, self._hello["device_note"]),
            "tasks": [*tasks, *own],
            "local": {**local, **missing} or None,
        }

    async def _work(self, do: Callable[P, Result], *args: P.args, **named: P.kwargs) -> Result:
        """Do what takes time beside the loop."""
        work = functools.partial(do, *args, **named)
        return await asyncio.get_running_loop().run_in_executor(self._workers, work)

    async def _replace_connection(self, socket: WebSocket, key: str) -> None:
        """A page that comes back takes its session over from its broken connection."""
        waiting = self._closing.pop(key, None)
        if waiting:
            waiting.cancel()
            self._count()
        old = self._connected.get(key)
        self._connected[key] = socket
        if old and old.client_state is WebSocketState.CONNECTED:
            with contextlib.suppress(WebSocketDisconnect):
                await _reaching(old.close(POLICY_VIOLATION))

    def _end(self, key: str) -> None:
        self._closing.pop(key, None)
        stage = self._stages.pop(key, None)
        self._count()
        if stage:
            # Joining threads must not hold up the other pages.
            self._workers.submit(_in_turn, stage, stage.stop)

    def _count(self) -> None:
        self.metrics.sessions.set(len(self._stages))
        self.metrics.waiting.set(len(self._closing))

    async def _receive(self, socket: WebSocket, stage: Stage) -> int | None:
        """Do what the page asks until it is gone; returns the code with which it closed."""
        messages, volume, work = message_allowance(), byte_allowance(), work_allowance()
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return message.get("code")
            data, text = message.get("bytes"), message.get("text")
            size = len(data) if data is not None else len(text or "")
            if size > MAX_MESSAGE_BYTES or not messages.spend(1) or not volume.spend(size):
                self.metrics.refused.labels("rate").inc()
                fault = FaultRecord("The page sends too much.", "Reload the page.", fatal=True)
                await _reaching(socket.send_bytes(encode_record(fault, _language(socket))))
                await _reaching(socket.close(POLICY_VIOLATION))
                return LEAVES[0]
            try:
                if data is not None and stage.live:
                    stage.take_bytes(data)  # it waits for nothing
                elif data is not None:
                    await self._work(_in_turn, stage, stage.take_bytes, data)
                else:
                    asked = read_message(text or "")
                    if not work.spend(cost_of(asked)):
                        self.metrics.refused.labels("work").inc()
                        raise ClaError("That is asked too often.", "Wait a moment, and try again.")
                    await self._work(_in_turn, stage, do_message, stage, asked)
            except ClaError as error:
                if data is not None:  # a file that is refused is gone before that is said
                    await _reaching(socket.send_bytes(_settings(stage)))
                await _reaching(
                    socket.send_bytes(encode_record(fault_of(error), _language(socket)))
                )
            if text is not None:
                await _reaching(socket.send_bytes(_settings(stage)))

    async def _tell_path(self, socket: WebSocket) -> None:
        """Tell a page by what lanes step, and how far the kernels are, until that is final."""
        told: KernelStatus | None = None
        with contextlib.suppress(WebSocketDisconnect):  # the page has gone
            while self._kernels and not (told and told.final):
                status = self._kernels.status
                if status != told:
                    message = encode({"type": "kernels", **asdict(status)}, {})
                    await _reaching(socket.send_bytes(message))
                    told = status
                else:
                    await asyncio.sleep(KERNELS_POLL_S)

    async def _pump(self, socket: WebSocket, stage: Stage, news: asyncio.Event) -> None:
        """Send what the session records as it comes."""
        language = _language(socket)
        try:
            while True:
                await news.wait()
                news.clear()
                for record in stage.drain():
                    self.metrics.count(record)
                    await _reaching(socket.send_bytes(encode_record(record, language)))
                if stage.ended():
                    await _reaching(socket.send_bytes(encode({"type": "ended"}, {})))
        except WebSocketDisconnect:
            pass  # the page has gone
        except Exception:
            # A page that is told nothing more would wait for ever; one that is closed comes back.
            _LOG.exception("A record could not be sent.")
            with contextlib.suppress(WebSocketDisconnect):
                await _reaching(socket.close(INTERNAL_ERROR))


async def _reaching(sent: Awaitable[None]) -> None:
    """Wait until something has been sent to a page.

    Raises:
        WebSocketDisconnect: the page has gone, or its connection was closed meanwhile.
    """
    try:
        await sent
    except (OSError, RuntimeError) as closed:  # what Starlette and uvicorn say of a closed one
        raise WebSocketDisconnect(CLOSED) from closed


def _in_turn(stage: Stage, do: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
    """Change a stage when nobody else does."""
    with stage.turn:
        do(*args, **named)


def _settings(stage: Stage) -> bytes:
    return encode({"type": "settings", **stage.settings()}, {})


def _language(socket: WebSocket) -> str:
    """The language of the page at the other end."""
    return choose(socket.query_params.get("lang"))

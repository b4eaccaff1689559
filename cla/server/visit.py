"""One page's whole visit: its key, connection, session and recordings."""

import asyncio
import contextlib
import functools
import logging
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ParamSpec, TypeVar

from starlette.websockets import WebSocketDisconnect

from cla.capture import local_devices
from cla.engine import FaultRecord, KernelStatus
from cla.errors import ClaError
from cla.models import TaskModel
from cla.server.admission import Weight
from cla.server.connection import CLOSED, INTERNAL_ERROR, LEAVES, POLICY_VIOLATION, Connection
from cla.server.greeting import hello
from cla.server.host import Host
from cla.server.messages import read_message
from cla.server.shelf import Shelf
from cla.server.stage import Stage
from cla.telemetry import TokenRecord
from cla.types import Correction

KERNELS_POLL_S = 0.5
MOST_CORRECTIONS = 20

P = ParamSpec("P")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class OwnTask:
    """A visitor's own task.

    Args:
        shown: its description for the page.
        address: its name in the page's address, random.
    """

    task: TaskModel
    shown: dict[str, Any]
    address: str


class Visit:
    """A page's visit, from its key to its end.

    The page is expected, connected, or waited for; while it is either of the latter, the visit has
    a place, which is its stage. All but `shelf` and `leave` belongs to the event loop.

    Args:
        page: it is of a page of this server, which is shown more; else of a program.

    Attributes:
        key: the secret with which the page connects.
        waiting_from_s: when its connection broke, while it is waited for.
        over: a program's session has ended: nobody comes back to it.
        corrections: the newest, oldest first; any thread may read and replace them.
    """

    def __init__(self, host: Host, *, page: bool) -> None:
        self.page = page
        self.key = f"{host.worker}.{secrets.token_urlsafe(24)}"
        self.waiting_from_s: float | None = None
        self.over = False
        self.corrections: tuple[Correction, ...] = ()
        self._host = host
        self._connection: Connection | None = None
        self._stage: Stage | None = None
        self._weight: Weight | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._shelf: Shelf | None = None
        self._own: weakref.ref[OwnTask] | None = None
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    @property
    def own(self) -> OwnTask | None:
        """A task for this page alone; a weak reference, so that it ends with its owner."""
        return self._own() if self._own else None

    @own.setter
    def own(self, own: OwnTask) -> None:
        self._own = weakref.ref(own)

    @property
    def has_place(self) -> bool:
        """Whether it takes one of the server's places."""
        return self._stage is not None

    @property
    def _warm(self) -> bool:
        """Whether lanes step as they will: what they take before is not measured."""
        return self._host.kernels is None or self._host.kernels.ready

    def shelf(self, *, local: bool) -> Shelf | None:
        """Where its sessions are recorded; None where nothing is, as for programs.

        Args:
            local: the visitor is this machine's user, whose recordings stay.
        """
        store = self._host.store
        if store is None or not self.page:
            return None
        if local:
            return store.own
        with self._lock:
            self._shelf = self._shelf or store.new_shelf()
            return self._shelf

    def leave(self) -> None:
        """The visitor has gone, and their recordings go too; a page left behind may come back."""
        with self._lock:
            shelf, self._shelf = self._shelf, None
        if shelf and self._host.store:
            self._host.store.release(shelf)

    async def serve(self, connection: Connection) -> None:
        """Serve the page until its connection ends; then it is waited for."""
        self._loop = asyncio.get_running_loop()
        old, self._connection = self._connection, connection
        self._stop_waiting()
        stage = self._stage_for(connection)
        background: list[asyncio.Task[None]] = []
        code = CLOSED
        try:
            if old:  # a page that comes back takes over from its broken connection
                await old.close(POLICY_VIOLATION)
            await self._greet(connection, stage)
            background.append(asyncio.create_task(self._send_records(connection, stage)))
            background.append(asyncio.create_task(self._tell_kernels(connection)))
            while True:
                await self._answer(connection, stage, await connection.receive())
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            for task in background:
                task.cancel()
            if self._connection is connection:
                self._connection = None
                self._wait(self._host.grace_s if code in LEAVES else self._host.lost_grace_s)

    def end(self) -> None:
        """Give the place up: the session ends."""
        self._stop_waiting()
        stage, self._stage = self._stage, None
        self.over = not self.page
        if stage:
            if self._host.admission and self._weight:
                self._host.admission.end(self._weight)
            # Joining threads must not hold up the other pages.
            self._host.workers.submit(stage.close)

    def _wait(self, grace_s: float) -> None:
        """Wait so long for the page to come back."""
        self.waiting_from_s = time.monotonic()
        self._ending = asyncio.get_running_loop().call_later(grace_s, self.end)

    def _stop_waiting(self) -> None:
        self.waiting_from_s = None
        if self._ending:
            self._ending.cancel()
            self._ending = None

    def _stage_for(self, connection: Connection) -> Stage:
        """The page's stage; one of this machine's user is for pages on it alone."""
        local = connection.local
        if self._stage and self._stage.local is not local:
            self.end()
        if self._stage is None:
            self._stage = Stage(
                self._host.offer.ready, self._notify, local=local, shelf=self.shelf(local=local),
                kernels=self._host.kernels, emit=self.page,
            )  # fmt: skip
            admission = self._host.admission
            self._weight = admission.begin() if admission else None
        return self._stage

    async def _greet(self, connection: Connection, stage: Stage) -> None:
        own = self.own
        mine = {own.task.name: own.task} if own else {}
        await self._work(stage.know, {**self._host.offer.ready, **mine})
        devices = await self._work(local_devices) if connection.local else None
        shown = own.shown if own else None
        said = connection.language
        await connection.say(
            hello(self._host, self.key, said, devices, shown, stage.settings(), stage.lanes)
        )

    async def _answer(self, connection: Connection, stage: Stage, said: bytes | str) -> None:
        """Do what the page asks, or say why not."""
        try:
            if isinstance(said, str):
                asked = read_message(said)
                connection.charge(asked)
                await self._work(stage.do, asked)
            elif stage.uploading:
                await self._work(stage.upload, said)
            else:
                stage.feed(said)  # it waits for nothing
        except ClaError as error:
            if isinstance(said, bytes):  # a file that is refused is gone before that is said
                await connection.say(_settings(stage))
            await connection.tell(FaultRecord(error))
        if isinstance(said, str):
            await connection.say(_settings(stage))

    async def _send_records(self, connection: Connection, stage: Stage) -> None:
        """Send what the session records as it comes.

        A page that is slow to take it is waited for; what its session's outbox cannot hold
        meanwhile is dropped there, the oldest first.
        """
        try:
            while self._connection is connection:
                self._news.clear()
                records, recorded_ns = stage.drain(), time.time_ns()
                for record in records:
                    self._host.metrics.count(record)
                    admission = self._host.admission if self._warm else None
                    if admission and self._weight and isinstance(record, TokenRecord):
                        admission.count(record, self._weight, stage.hop_s)
                    if isinstance(record, Correction):
                        self.corrections = (*self.corrections, record)[-MOST_CORRECTIONS:]
                    await connection.tell(record)
                    if self._host.traces and isinstance(record, TokenRecord):
                        self._host.traces.token(record, recorded_ns)
                if stage.ended():
                    await connection.say({"type": "ended"})
                await self._news.wait()
        except WebSocketDisconnect:
            pass  # the page has gone
        except Exception:
            # A page that is told nothing more would wait for ever; one that is closed comes back.
            _LOG.exception("A record could not be sent.")
            await connection.close(INTERNAL_ERROR)

    async def _tell_kernels(self, connection: Connection) -> None:
        """Tell by what lanes step, and how far the kernels are, until that is final."""
        kernels = self._host.kernels
        told: KernelStatus | None = None
        with contextlib.suppress(WebSocketDisconnect):  # the page has gone
            while kernels:
                status = kernels.status
                if status != told:
                    await connection.say({"type": "kernels", **asdict(status)})
                if status.final:
                    return
                told = status
                await asyncio.sleep(KERNELS_POLL_S)

    def _notify(self) -> None:
        """Something has been recorded; called from any thread."""
        if self._loop and not self._news.is_set():
            with contextlib.suppress(RuntimeError):  # the server shuts down
                self._loop.call_soon_threadsafe(self._news.set)

    async def _work(self, do: Callable[P, Result], *args: P.args, **named: P.kwargs) -> Result:
        """Do what takes time beside the loop."""
        work = functools.partial(do, *args, **named)
        return await asyncio.get_running_loop().run_in_executor(self._host.workers, work)


def _settings(stage: Stage) -> dict[str, Any]:
    return {"type": "settings", **stage.settings()}
